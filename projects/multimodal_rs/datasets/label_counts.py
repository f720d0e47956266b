"""Counts of the pixels that each class has in the tiles of a list."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import RENEWED
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json
from multimodal_rs.utils.labels import IGNORED


@dataclass(frozen=True)
class LabelCounts:
    """Pixels of the tiles of one list.

    Attributes:
        fingerprint: Of the tiles and of how their labels are read.
        tiles: Number of tiles.
        pixels: Per class.
        pixels_around: Per class, all counted pixels of the tiles in which it
            occurs.
        ignored: Pixels that have no class.
    """

    fingerprint: str
    tiles: int
    pixels: list[int]
    pixels_around: list[int]
    ignored: int

    def plain(self) -> dict:
        """Get everything as JSON holds it."""
        return asdict(self)


def label_fingerprint(dataset: MultiModalSegDataset) -> str:
    """Identify what is counted: tiles, classes, and how labels are read."""
    tiles = [tile['sample_id'] for tile in dataset.tiles]
    classes = list(dataset.metainfo['classes'])
    label = {
        key: sorted(value.items()) if isinstance(value, dict) else value
        for key, value in asdict(dataset.label).items()
    }
    text = json.dumps([label, classes, tiles])
    return hashlib.sha256(text.encode()).hexdigest()


def known_counts(dataset: MultiModalSegDataset) -> LabelCounts | None:
    """Look for the counts of a list in the file that lies beside it.

    Returns:
        None if there is no file, or it was written for other tiles or labels.
    """
    path = dataset.stats_file
    if dataset.label is None or not path.is_file():
        return None
    fingerprint = label_fingerprint(dataset)
    content = read_json(path, RENEWED)
    with reading(path, f'counts of labels: {RENEWED}'):
        for entry in content.values():
            for counts in entry.get('labels', {}).get('lists', {}).values():
                if counts['fingerprint'] == fingerprint:
                    return LabelCounts(**counts)
    return None


def never_seen(
    dataset: MultiModalSegDataset, pixels: Sequence[int], ignored: int
) -> str:
    """Say which classes have no pixel, and what a likely reason is.

    Args:
        dataset: Whose classes they are.
        pixels: Per class.
        ignored: Pixels without a class.

    Returns:
        One sentence or two; empty if every class occurs.
    """
    classes = dataset.metainfo['classes']
    absent = [c for c, n in zip(classes, pixels, strict=True) if not n]
    if not absent:
        return ''
    share = 100 * ignored / max(sum(pixels) + ignored, 1)
    text = (
        f'{absent} of {len(classes)} classes never occur in the labels of '
        f'{dataset.ann_file or dataset.data_root}; {share:.3g} % of the '
        'pixels are ignored'
    )
    label = dataset.label
    if label.ids is None and label.colors is None and share > 0:
        last = len(classes) - 1
        ids = {**{i: i for i in range(last)}, IGNORED: last}
        return (
            f'{text}. The number {IGNORED} is ignored unless label `ids` say '
            f'otherwise: if it marks a class, declare it, for instance '
            f'label=dict(..., ids={ids})'
        )
    return (
        f'{text}: nothing can be learnt about them. Correct label `ids`, the '
        'split lists, or the classes'
    )
