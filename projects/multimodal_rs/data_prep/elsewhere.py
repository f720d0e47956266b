"""Where the files of a data set may be, if they are not where expected."""

import copy
import itertools
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from multimodal_rs.datasets.base import MultiModalSegDataset

DEPTH = 3  # folders below the root that are looked into
FOLDERS = 200  # at most
ENDINGS = ('.tif', '.tiff', '.png', '.jpg', '.jpeg', '.npy', '.mat')
ENDINGS += tuple(ending.upper() for ending in ENDINGS)


def guess(dataset: MultiModalSegDataset) -> str:
    """Say why a folder may have no complete tile, and what to do.

    Archives often unpack into a folder of their own, and copies differ in
    how their files end.

    Args:
        dataset: One that finds no complete tile.

    Returns:
        A sentence that begins with a blank; empty if nothing was found.
    """
    root = Path(dataset.data_root or '.')
    if not root.is_dir():
        return ' There is no such folder.'
    if not any(root.iterdir()):
        return ' It is empty.'
    return _deeper(dataset, root) or _other_endings(dataset)


def _deeper(dataset: MultiModalSegDataset, root: Path) -> str:
    """Look for the layout in folders below the root."""
    here = sum(map(bool, _counts(dataset).values()))
    for folder in itertools.islice(_folders(root), FOLDERS):
        moved = _rooted_at(dataset, folder)
        if sum(map(bool, _counts(moved).values())) > here:
            return (
                f' That layout begins in {folder}: move its contents up, '
                'or give that folder'
            )
    return ''


def _counts(dataset: MultiModalSegDataset) -> dict[str, int]:
    return {n: len(tiles) for n, tiles in dataset.required_tiles().items()}


def _folders(root: Path) -> Iterator[Path]:
    """List folders, those less deep first."""
    level = [root]
    for _ in range(DEPTH):
        level = [
            Path(entry.path)
            for folder in level
            for entry in sorted(os.scandir(folder), key=lambda e: e.name)
            if entry.is_dir() and not entry.name.startswith('.')
        ]
        yield from level


def _rooted_at(
    dataset: MultiModalSegDataset, folder: Path
) -> MultiModalSegDataset:
    """Return the data set with another root, with nothing remembered."""
    moved = copy.copy(dataset)
    moved.data_root = str(folder)
    for base in type(dataset).__mro__:
        for name, value in vars(base).items():
            if isinstance(value, cached_property):
                vars(moved).pop(name, None)
    return moved


def _other_endings(dataset: MultiModalSegDataset) -> str:
    """Look for files of a layer that end otherwise."""
    layers: dict = dict(dataset.modalities)
    if dataset.label is not None:
        layers['label'] = dataset.label
    found = {}
    for name, layer in layers.items():
        start = layer.suffix.rpartition('.')[0]
        endings = (layer.suffix, *(start + ending for ending in ENDINGS))
        there = [e for e in endings if dataset.list_tiles(layer.dir, e)]
        if there and there[0] != layer.suffix:
            found[name] = there[0]
    if not found:
        return ''
    return (
        f' There are files of {list(found)} that end with {found}: declare '
        'these as `suffix` in a config that inherits the usual one, and pass '
        'it with --config'
    )
