"""Labels of a scene with few of them: read, checked, divided, written."""

import argparse

import numpy as np

from multimodal_rs.data_prep.scene_files import SceneForm
from multimodal_rs.data_prep.sparse_splits import (
    block_split,
    hold_out_end,
    random_pixels,
    touching,
)
from multimodal_rs.data_prep.splits import write_split
from multimodal_rs.data_prep.tile_files import (
    Stripe,
    placed,
    to_uint8,
    write_tile,
)
from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.label import LabelRaster
from multimodal_rs.datasets.sparse_scene import SparseSceneDataset
from multimodal_rs.utils.labels import IGNORED

# Splits that label files make: those whose counts are checked, and others.
OFFICIAL, GIVEN = 'official', 'given'
BLOCKS = 'blocks'  # ours, of labels without a split
PARTS = ('train', 'val', 'test')


def write_labels(
    dataset: SparseSceneDataset,
    form: SceneForm,
    scene: str,
    grid: Grid,
    args: argparse.Namespace,
) -> str:
    """Write label rasters, with the numbers that the files have, and lists.

    Returns:
        Name of the split.

    Raises:
        ValueError: If the labels are not as expected.
    """
    none = no_class(dataset)
    label, everything, name, chosen = divided(dataset, form, grid, args)
    train = np.where(chosen, everything, 0)
    held_out = hold_out_end(train)
    parts = dict(
        train=np.where(held_out, 0, train),
        val=np.where(held_out, train, 0),
        test=np.where(chosen, 0, everything),
    )
    check_classes(dataset, parts['train'], name)
    for part, classes in parts.items():
        path = args.data_root / 'labels' / name / part / f'{scene}.tif'
        numbers = np.where(classes > 0, label, none)
        small = to_uint8(numbers)
        numbers = numbers.astype(np.int32) if small is None else small
        raster = Stripe(numbers[None], compressed=True)
        write_tile(path, raster, placed(grid))
    counts = {p: int(np.count_nonzero(n)) for p, n in parts.items()}
    beside = touching(train, parts['test'])
    print(
        f'{args.data_root}: split {name}, labelled pixels {counts}; '
        f'{100 * beside:.3g} % of those for training have one for testing '
        'beside them (of a random choice nearly all)'
    )
    write_split(args.data_root / 'splits' / name, {p: [scene] for p in PARTS})
    return name


def no_class(dataset: SparseSceneDataset) -> int:
    """Choose the number that stands for no class in label rasters.

    Raises:
        ValueError: If the declaration has none.
    """
    ids = dataset.label.numbers(len(dataset.metainfo['classes']))
    ignored = sorted(n for n, train_id in ids.items() if train_id == IGNORED)
    if dataset.label.colors is not None or not ignored:
        raise ValueError(
            f'the label is declared with {dataset.label}: expected numbers '
            'in `ids`, one of them for pixels without a class, such as 0: '
            '255; add it'
        )
    return 0 if 0 in ignored else ignored[-1]


def divided(
    dataset: SparseSceneDataset,
    form: SceneForm,
    grid: Grid,
    args: argparse.Namespace,
) -> tuple[np.ndarray, np.ndarray, str, np.ndarray]:
    """Read the labels and choose those to train on.

    Returns:
        Numbers of the files (H, W), their classes (H, W), from 1, 0 without,
        name of the split, and what is chosen, (H, W) bool.
    """
    read = form.train.read(grid.size)
    train, test = classes_of(dataset, read, grid, 'train'), None
    label, everything = read.numbers, train
    if form.test is not None:
        read = form.test.read(grid.size)
        test = classes_of(dataset, read, grid, 'test')
        label = np.where(train > 0, label, read.numbers)
        everything = np.where(train > 0, train, test)
    else:
        compare_totals(dataset, everything)
    if args.random:
        name = f'random-{args.random}-seed{args.seed}'
        chosen = random_pixels(everything, args.random, args.seed)
    elif test is None:
        name, chosen = BLOCKS, block_split(everything, args.seed)
    else:
        check_counts(dataset, train, test)
        name, chosen = OFFICIAL if dataset.OFFICIAL else GIVEN, train > 0
    return label, everything, name, chosen


def classes_of(
    dataset: SparseSceneDataset, label: LabelRaster, grid: Grid, part: str
) -> np.ndarray:
    """Say which class each pixel has, (H, W) int, from 1, 0 without.

    Raises:
        ValueError: If numbers are no classes, or the labels lie elsewhere.
    """
    found = differences({'the images': grid, f'{part} labels': label.grid})
    if found:
        raise ValueError(
            f'labels must lie where the images lie, got {"; ".join(found)}: '
            'they belong to another image, or have to be resampled'
        )
    classes = len(dataset.metainfo['classes'])
    ids = dataset.label.train_ids(label, classes, f'{part} labels')
    return np.where(ids == IGNORED, 0, ids.astype(int) + 1)


def check_counts(
    dataset: SparseSceneDataset, train: np.ndarray, test: np.ndarray
) -> None:
    """Compare labels with those of the official split.

    Args:
        dataset: Says how many pixels each class has in the official split.
        train: (H, W), class of each training pixel from 1, 0 elsewhere.
        test: Likewise, of each test pixel.

    Raises:
        ValueError: If a pixel is in both, or the sums are other ones.
    """
    both = int(np.count_nonzero((train > 0) & (test > 0)))
    if both:
        raise ValueError(
            f'{both} pixels are labelled for training and for testing: '
            'expected none; the label files do not belong together, or one '
            'of them holds all labels'
        )
    for part, classes in (('train', train), ('test', test)):
        official = list((dataset.OFFICIAL or {}).get(part, ()))
        if not official:
            continue
        length = len(official) + 1
        found = np.bincount(classes.ravel(), minlength=length)[1:].tolist()
        if sum(found) != sum(official):
            raise ValueError(
                f'{part}: {sum(found)} labelled pixels, the official split '
                f'has {sum(official)}; of each class {found}, expected '
                f'{official}. Take the official files. Other training pixels '
                'of the same scene: `--random N` writes a split whose name '
                'says so'
            )
        start = f'{part}: the sum is that of the official split, but'
        _compare(dataset, found, official, start)


def compare_totals(dataset: SparseSceneDataset, label: np.ndarray) -> None:
    """Compare all labels of a scene with the numbers that are known.

    Prints a remark if they differ: there is no split that must be as it is
    elsewhere, but the classes may be numbered otherwise.

    Args:
        dataset: Says how many pixels each class has.
        label: (H, W), class of each pixel from 1, 0 elsewhere.
    """
    known = dataset.TOTAL
    if known is None and dataset.OFFICIAL is not None:
        known = np.sum([*dataset.OFFICIAL.values()], axis=0).tolist()
    if known is not None:
        found = np.bincount(label.ravel(), minlength=len(known) + 1)[1:]
        _compare(dataset, found.tolist(), list(known), 'labels:')


def _compare(
    dataset: SparseSceneDataset,
    found: list[int],
    expected: list[int],
    start: str,
) -> None:
    """Print a remark if classes have other counts than expected."""
    if found == expected:
        return
    names = dataset.metainfo['classes']
    pairs = zip(names, found, expected, strict=True)
    other = {n: (f, e) for n, f, e in pairs if f != e}
    same = sorted(found) == sorted(expected)
    print(
        f'Remark: {start} classes have other counts, (found, expected): '
        f'{other}' + '; are the classes numbered in another order?' * same
    )


def check_classes(
    dataset: SparseSceneDataset, train: np.ndarray, split: str
) -> None:
    """Check that every class has a training pixel.

    Args:
        dataset: Names the classes.
        train: (H, W), class of each training pixel from 1, 0 elsewhere.
        split: Name of the split, for the message.

    Raises:
        ValueError: Names the classes that have none.
    """
    classes = dataset.metainfo['classes']
    missing = [n for i, n in enumerate(classes, 1) if not (train == i).any()]
    if missing:
        raise ValueError(
            f'split {split}: {missing} have no training pixel, so nothing '
            'can be learnt about them: expected some of each class; the '
            'label file is another one, or incomplete'
        )
