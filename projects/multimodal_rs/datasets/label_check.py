"""Whether the ids of a label are those of the classes of its dataset."""

from collections.abc import Mapping

from multimodal_rs.datasets.label import Label
from multimodal_rs.utils.labels import IGNORED


def check_label_ids(label: Label, classes: int, dataset: str) -> None:
    """Check that all train ids are those of classes.

    Args:
        label: The declaration.
        classes: How many there are.
        dataset: What messages name.

    Raises:
        ValueError: If there are too many classes, or ids without a class.
    """
    if classes > IGNORED:
        raise ValueError(
            f'{dataset}: {classes} classes, expected at most {IGNORED}: train '
            'ids are stored in 8 bits'
        )
    ids = set(label.numbers(classes).values())
    wrong = sorted(i for i in ids - {IGNORED} if not 0 <= i < classes)
    if wrong:
        raise ValueError(
            f'{dataset}: label ids map to {wrong}, but the {classes} classes '
            f'have the train ids 0 to {classes - 1}, and {IGNORED} is ignored'
        )


def check_class_order(
    label: Label,
    own: Mapping,
    label_map: Mapping[int, int] | None,
    dataset: str,
) -> None:
    """Check that a config does not give classes the ids of others.

    The ids that a dataset class declares are those of its own classes.

    Args:
        label: The declaration in use.
        own: That of the dataset class.
        label_map: Number of each class of the dataset class -> its number
            among those of the config, 255 if it is none of them. None: they
            are the same.
        dataset: What messages name.

    Raises:
        ValueError: If the ids are the class's own and numbers have changed.
    """
    if any(getattr(label, k) != own.get(k) for k in ('ids', 'colors')):
        return
    moved = {
        before: now
        for before, now in (label_map or {}).items()
        if now not in (before, IGNORED)
    }
    if moved:
        raise ValueError(
            f'{dataset}: `classes` of metainfo change the numbers of classes, '
            f'{moved}, but the label has the numbers of {dataset}: declare '
            '`label` ids for these classes'
        )
