"""Checks of a dataset folder: what is wrong is found before a training run."""

import copy
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from multimodal_rs.data_prep.splits import natural_sort
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.file_range import far_off, file_numbers
from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.datasets.label import translate
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.pixels import count_absurd
from multimodal_rs.datasets.reading import (
    BandReader,
    ContradictionError,
    prepared,
)
from multimodal_rs.utils.installation import one_grid_command

LABEL = 'label'


class TileLayer(NamedTuple):
    """A modality, or the label: what a tile has a file of."""

    name: str
    dir: str
    suffix: str
    key: str | None
    modality: Modality | None  # None: the label


class Finding(NamedTuple):
    """Something that is wrong.

    Attributes:
        kind: A few words under which the report lists it.
        text: Which file or tile, and what was expected.
    """

    kind: str
    text: str


class Tile(NamedTuple):
    """What was seen of one tile.

    Attributes:
        findings: What is wrong.
        grids: Per layer that is there, size and position.
        bands: Likewise, number of bands of the file.
        invalid: Per modality that could be read, the share of NaN pixels.
        labels: Number in the label file -> pixels.
    """

    findings: list[Finding]
    grids: dict[str, Grid]
    bands: dict[str, int]
    invalid: dict[str, float]
    labels: Counter


def layers_of(dataset: MultiModalSegDataset) -> list[TileLayer]:
    """List the modalities and the label of a dataset."""
    layers = [
        TileLayer(m.name, m.dir, m.suffix, m.key, m)
        for m in dataset.modalities.values()
    ]
    if dataset.label is not None:
        label = dataset.label
        layers.append(
            TileLayer(LABEL, label.dir, label.suffix, label.key, None)
        )
    return layers


def check_tile(dataset: MultiModalSegDataset, tile: str) -> Tile:
    """Read all files of one tile and compare them."""
    seen = Tile([], {}, {}, {}, Counter())
    for layer in layers_of(dataset):
        path = Path(dataset.data_root) / dataset.tile_path(
            tile, layer.name, layer.dir, layer.suffix
        )
        if path.is_file():
            _check_file(dataset, layer, str(path), seen)
        elif layer.modality is None or not layer.modality.optional:
            text = f'{tile} lacks its {layer.name} {path}'
            seen.findings.append(Finding('missing file', text))
    seen.findings.extend(_compare_grids(tile, seen.grids))
    names = list(dataset.modalities)
    if not seen.findings and all(seen.invalid.get(n, 1) == 1 for n in names):
        text = (
            f'{tile} has nothing valid of any of {names}, all optional. '
            'Expected one of them: take it out of the split lists'
        )
        seen.findings.append(Finding('no modality', text))
    return seen


def _check_file(
    dataset: MultiModalSegDataset, layer: TileLayer, path: str, seen: Tile
) -> None:
    try:
        if layer.modality is None:
            _check_label(dataset, path, seen)
            return
        with raster_session(), open_raster(path, layer.key) as file:
            seen.grids[layer.name] = file.grid
            seen.bands[layer.name] = file.bands
            wrong = _check_bands(layer, file.bands)
            if wrong:
                seen.findings.append(Finding('band count', f'{path}: {wrong}'))
                return
            data, far, absurd = _read(layer.modality, file)
    except ContradictionError as error:
        seen.findings.append(Finding(error.kind, str(error)))
        return
    except (ValueError, KeyError, OSError) as error:
        reason = str(error.args[0] if len(error.args) == 1 else error)
        text = f'{path}: {reason.splitlines()[0]}'
        seen.findings.append(Finding('unreadable file', text))
        return
    if absurd:
        text = (
            f'{path}: {absurd} numbers of 1e30 or more count as invalid. '
            'Expected the file or the modality to declare them as `nodata`'
        )
        seen.findings.append(Finding('absurd values', text))
    if far:
        seen.findings.append(Finding('unusual values', f'{path}: {far}'))
    invalid = float(np.isnan(data[0]).mean())
    seen.invalid[layer.name] = invalid
    if invalid == 1 and not layer.modality.optional:
        text = f'{path} is NaN or nodata everywhere'
        seen.findings.append(Finding('no valid pixel', text))


def _read(
    modality: Modality, file: OpenedRaster
) -> tuple[np.ndarray, str, int]:
    """Read a modality in the units of its values.

    Returns:
        What was read, how far it is from the declared ``file_range``, and
        how many numbers are absurd.
    """
    reading = BandReader(file, modality).read()
    # Invalid pixels can be found before steps are measured, too.
    readable = modality.as_stored if modality.unfitted else modality
    out = prepared(reading, readable)
    far = far_off(file_numbers(reading, modality), modality)
    return out, far, count_absurd(reading.data, reading.nodata)


def _check_bands(layer: TileLayer, bands: int) -> str:
    names = layer.modality.file_bands
    if names is not None and len(names) != bands:
        return f'expected {len(names)} bands {list(names)}, got {bands}'
    needed = max(layer.modality.indices) + 1
    return '' if bands >= needed else f'needs {needed} bands, got {bands}'


def _check_label(dataset: MultiModalSegDataset, path: str, seen: Tile) -> None:
    raster = dataset.label.read(path)
    seen.grids[LABEL] = raster.grid
    ids = dataset.label.numbers(dataset.num_classes)
    empty = dataset.label.empty(raster, ids)
    numbers = raster.numbers if empty is None else raster.numbers[~empty]
    _, known = translate(numbers, ids)
    seen.labels.update(count_numbers(numbers[known]))
    if not known.all():
        found = dataset.label.describe_unknown(numbers[~known])
        expected = dataset.label.names(ids)
        seen.findings.append(
            Finding(
                'unknown label id', f'{path}: {found}, expected {expected}'
            )
        )


def count_numbers(numbers: np.ndarray) -> dict[int, int]:
    """Count the pixels of each number."""
    values, counts = np.unique(numbers, return_counts=True)
    return {int(v): int(c) for v, c in zip(values, counts, strict=True)}


def label_names(dataset: MultiModalSegDataset) -> dict[int, str]:
    """Name every number that a label file may have."""
    classes = dataset.metainfo['classes']
    ids = dataset.label.numbers(len(classes))
    return {
        number: classes[i] if i < len(classes) else 'ignored'
        for number, i in ids.items()
    }


def _compare_grids(tile: str, grids: Mapping[str, Grid]) -> list[Finding]:
    found = differences(grids)
    if not found:
        return []
    sizes = {name: grid.size for name, grid in grids.items()}
    if len(set(sizes.values())) > 1:
        text = (
            f'{tile}: (H, W) must be equal, got {sizes}; '
            f'`{one_grid_command(_modalities_first(sizes))}` resamples all '
            'tiles to one grid'
        )
        return [Finding('different sizes', text)]
    return [Finding('different grids', f'{tile}: {"; ".join(found)}')]


def _modalities_first(sizes: Mapping) -> dict:
    """Leave the label out, if it is not alone: images give the grid."""
    return {n: s for n, s in sizes.items() if n != LABEL} or dict(sizes)


def read_lists(
    dataset: MultiModalSegDataset, paths: Iterable[Path]
) -> tuple[dict[Path, list[str]], list[Finding]]:
    """Read split lists.

    Returns:
        The tiles of each list that can be read, and what is wrong with the
        others.
    """
    lists = {}
    findings = []
    for path in paths:
        listing = copy.copy(dataset)
        listing.ann_file = str(path)
        try:
            records = listing.load_data_list()
        except ValueError as error:
            findings.append(Finding('unreadable split list', str(error)))
        else:
            lists[path] = [record['sample_id'] for record in records]
    return lists, findings


def check_lists(
    lists: Mapping[Path, list[str]],
    scene_of: Callable[[str], str] | None,
    pixels: bool = False,
    together: Collection[Path] = (),
) -> tuple[list[Finding], list[str]]:
    """Compare lists of a folder or a config: no tile may be in two of them.

    Args:
        lists: Tiles of each list.
        scene_of: Gives the scene of a tile, where ids tell it.
        pixels: Whether label rasters divide the pixels of a tile, so that it
            may be in several lists.
        together: Lists of one config, which may lie in several folders.

    Returns:
        What is wrong, and remarks on what is not ideal.
    """
    findings = []
    remarks = []
    for path, tiles in lists.items():
        twice = [tile for tile, n in Counter(tiles).items() if n > 1]
        if twice:
            text = f'{path}: {_some(twice)}'
            findings.append(Finding('tile twice in a list', text))
    for (one, tiles), (two, others) in itertools.combinations(
        lists.items(), 2
    ):
        if one.parent == two.parent:
            where = f'{one} and {two.name}'
        elif one in together and two in together:
            where = f'{one} and {two}'
        else:
            continue
        shared = set(tiles) & set(others)
        if shared and not pixels:
            text = f'{where} share {len(shared)} tiles: {_some(shared)}'
            findings.append(Finding('overlap between splits', text))
        if scene_of is not None:
            scenes = set(map(scene_of, tiles)) & set(map(scene_of, others))
            if scenes:
                remarks.append(
                    f'{where} have tiles of the same scenes, {_some(scenes)}: '
                    'scores will be higher than on a scene that was not seen'
                )
    return findings, remarks


def _some(tiles: set[str] | list[str]) -> str:
    names = natural_sort(tiles)
    more = f' and {len(names) - 5} more' if len(names) > 5 else ''
    return ', '.join(names[:5]) + more
