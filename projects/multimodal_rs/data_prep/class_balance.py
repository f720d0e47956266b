"""Pixels of each class, and the weights of a loss that follow from them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.stats_file import changed_entries
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.fits import RENEWED
from multimodal_rs.datasets.label_counts import (
    LabelCounts,
    label_fingerprint,
)
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.progress import progress


def count_labels(dataset: MultiModalSegDataset) -> LabelCounts:
    """Read the labels of all tiles of a list.

    They are read as training reads them. Pixels that training ignores because
    a modality is invalid there (``ignore_invalid``) are counted all the same.

    Raises:
        ValueError: If a label is damaged or has an unknown number.
        FileNotFoundError: If one is missing.
    """
    classes = dataset.num_classes
    pixels = np.zeros(256, np.int64)
    around = np.zeros(classes, np.int64)
    for index in progress(range(len(dataset)), 'labels, tiles'):
        path = dataset.get_data_info(index)['seg_map_path']
        raster = dataset.label.read(path)
        ids = dataset.label.train_ids(raster, classes, path)
        found = np.bincount(ids.ravel(), minlength=256)
        pixels += found
        around[found[:classes] > 0] += found[:classes].sum()
    return LabelCounts(
        label_fingerprint(dataset),
        len(dataset),
        pixels[:classes].tolist(),
        around.tolist(),
        int(pixels[IGNORED]),
    )


def class_weights(counts: LabelCounts) -> dict[str, list[float]]:
    """Weight classes by how rare they are.

    Returns:
        ``inverse``: the mean number of pixels of a class that occurs, divided
        by that of the class. ``median_frequency`` (Eigen and Fergus, ICCV
        2015): the share of the class among the pixels of the tiles in which
        it occurs; the median of these shares divided by that of the class.
        A class without a pixel has the weight 0: no pixel would count it.
    """
    pixels = np.array(counts.pixels, np.float64)
    occurs = pixels > 0
    if not occurs.any():
        return {}
    share = pixels[occurs] / np.array(counts.pixels_around)[occurs]
    inverse = np.zeros(len(pixels))
    inverse[occurs] = pixels[occurs].mean() / pixels[occurs]
    median = np.zeros(len(pixels))
    median[occurs] = np.median(share) / share
    return dict(inverse=inverse.tolist(), median_frequency=median.tolist())


def update_label_counts(
    lists: Mapping[str, MultiModalSegDataset], target: Path, name: str
) -> dict:
    """Count the labels of some lists unless ``target`` has their numbers.

    Args:
        lists: Name of the list -> its dataset; the weights are those of
            ``train``.
        target: ``stats.json``; what else is in it stays.
        name: Under which name the numbers stand there, below ``labels``.

    Returns:
        ``classes``, ``lists`` (name -> :class:`LabelCounts` as a dict) and
        ``class_weight``.
    """
    known = {}
    if target.is_file():
        known = read_json(target, RENEWED)
    with reading(target, f'counts of labels: {RENEWED}'):
        before = known.get(name, {}).get('labels', {})
        old = {
            part: LabelCounts(**counts)
            for part, counts in before.get('lists', {}).items()
        }
    counts = {}
    for part, dataset in lists.items():
        counts[part] = old.get(part)
        fingerprint = label_fingerprint(dataset)
        if counts[part] is None or counts[part].fingerprint != fingerprint:
            counts[part] = count_labels(dataset)
    labels = dict(
        classes=list(lists['train'].metainfo['classes']),
        lists={part: c.plain() for part, c in counts.items()},
        class_weight=class_weights(counts['train']),
    )
    with changed_entries(target) as known:
        known[name] = known.get(name, {}) | dict(labels=labels)
    return labels


def print_labels(labels: Mapping) -> None:
    """Print a table of the classes, and weights as a config has them."""
    parts = labels['lists']
    width = max(len(name) for name in (*labels['classes'], 'ignored')) + 2
    print('Pixels of each class, in percent:')
    print('  ' + ' ' * width + ''.join(part.rjust(10) for part in parts))
    rows = [
        (name, [counts['pixels'][i] for counts in parts.values()])
        for i, name in enumerate(labels['classes'])
    ]
    rows.append(('ignored', [counts['ignored'] for counts in parts.values()]))
    totals = [
        sum(column) for column in zip(*(n for _, n in rows), strict=True)
    ]
    for name, numbers in rows:
        print('  ' + name.ljust(width) + _percent(numbers, totals))
    for kind, weights in labels['class_weight'].items():
        digits = ', '.join(f'{w:.4g}' for w in weights)
        print(
            f'class weights, {kind.replace("_", " ")}:\n    loss_decode=dict('
            f"type='LandCoverCrossEntropyLoss', class_weight=[{digits}]),"
        )


def _percent(numbers: Sequence[int], totals: Sequence[int]) -> str:
    return ''.join(
        f'{100 * n / max(total, 1):10.3f}'
        for n, total in zip(numbers, totals, strict=True)
    )
