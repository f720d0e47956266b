"""Layers of a scene that are brought to one grid while they are read."""

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.tile_files import Stripe, fits, to_uint8
from multimodal_rs.datasets.band_grids import Reads, bring_together
from multimodal_rs.datasets.io.grid import (
    Grid,
    differences,
    pixel_area,
    scaled,
    shared_grid,
)
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.io.resampled import Prepare, ResampledRaster
from multimodal_rs.datasets.io.stacked import StackedRaster
from multimodal_rs.datasets.label import Label
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import BandReader
from multimodal_rs.datasets.validity import plain, prepared
from multimodal_rs.utils.labels import IGNORED


@dataclass(frozen=True)
class SourceLayer:
    """The files of one modality, or of the label, of a scene.

    Attributes:
        paths: One file, or one per band in the order of the bands.
        key: Variable, where a file has several.
        modality: What the numbers are; None: classes.
        label: Which ones.
        classes: How many there are.
        measured: Bands that hold measurements even if the file says alpha.
        others: Further modalities that are read from the same files.
    """

    paths: tuple[Path, ...]
    key: str | None = None
    modality: Modality | None = None
    label: Label | None = None
    classes: int = 0
    measured: frozenset[int] = frozenset()
    others: tuple[Modality, ...] = ()

    @property
    def modalities(self) -> tuple[Modality, ...]:
        """All that is read from the files; nothing of a label."""
        return () if self.modality is None else (self.modality, *self.others)

    def grids(self) -> list[Grid]:
        """Get size and position of every file."""
        grids = []
        for path in self.paths:
            with open_raster(str(path), self.key) as file:
                grids.append(file.grid)
        return grids


@dataclass(frozen=True)
class AlignedLayer:
    """A layer on the grid of its scene, for :mod:`.scenes` to cut.

    Files on this grid keep their numbers. If one has to be resampled, or the
    bands differ in type or nodata value, all become float32 with NaN.

    Attributes:
        source: Its files.
        grid: The grid of the scene.
        method: How to resample.
        methods: The same for each of ``others`` of the source, by its name.
    """

    source: SourceLayer
    grid: Grid
    method: str
    methods: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """What messages name."""
        return self.source.paths[0]

    @property
    def compressed(self) -> bool:
        """Whether tiles of measurements are: no."""
        return False

    @property
    def is_label(self) -> bool:
        """Whether it holds classes."""
        return self.source.modality is None

    @property
    def count(self) -> int | None:
        """Number of bands that it must have: the declarations say it."""
        return None

    def open(self) -> OpenedRaster:
        """Open all files.

        Raises:
            ValueError: If one is damaged, cannot be resampled, or is a label
                without a number for pixels that it does not cover.
        """
        source = self.source
        with contextlib.ExitStack() as stack:
            parts = [
                stack.enter_context(open_raster(str(p), source.key))
                for p in source.paths
            ]
            stacked = parts[0] if len(parts) == 1 else StackedRaster(parts)
            if source.modality is not None:  # or it refuses
                BandReader(stacked, plain(source.modality))
            grids = {str(p.path): p.grid for p in parts}
            if differences({'scene': self.grid, **grids}) or _mixed(stacked):
                stacked = self._together(parts, stacked)
            stack.pop_all()  # all is well: they stay open
        return stacked

    @property
    def measured(self) -> Collection[int]:
        """Bands that hold measurements even if the file says alpha."""
        return self.source.measured

    def ids(self, data: np.ndarray) -> np.ndarray:
        """Turn ids into uint8 if they fit; NaN does not."""
        ids = to_uint8(data)
        return data if ids is None else ids

    def is_empty(self, tile: Stripe) -> bool:
        """Whether nothing of a tile is valid, or no pixel has a class."""
        if self.is_label:
            return bool((self._train_ids(tile) == IGNORED).all())
        nodata = [tile.nodata] * len(tile.data)
        for modality in self.source.modalities:
            if modality.optional:
                continue
            values = prepared(tile.data, nodata, tile.empty, modality)
            if np.isnan(values[modality.indices[0]]).all():
                return True
        return False

    def _together(
        self, parts: Sequence[OpenedRaster], stacked: OpenedRaster
    ) -> OpenedRaster:
        """Bring files to the grid of the scene.

        Bands of each modality are brought there as it is declared, and those
        that none reads with those of the first.

        Args:
            parts: They.
            stacked: The same, as one raster.

        Raises:
            ValueError: If two modalities read a band in different ways.
        """
        source = self.source
        if source.modality is None:
            moved = [self._ids(part) for part in parts]
            return moved[0] if len(moved) == 1 else StackedRaster(moved)
        modalities, count = source.modalities, stacked.bands
        read = [
            tuple(dict.fromkeys(BandReader(stacked, plain(m)).bands))
            for m in modalities
        ]
        owners: dict[int, int] = {}
        for i, bands in enumerate(read):
            for band in bands:
                self._check_shared(owners.setdefault(band, i), i, band)
        kept = list(read)
        kept[0] += tuple(b for b in range(count) if b not in owners)
        moved = [
            self._moved(parts, *of_one)
            for of_one in zip(modalities, read, kept, strict=True)
        ]
        order = [owners.get(b, 0) * count + b for b in range(count)]
        return moved[0] if len(moved) == 1 else StackedRaster(moved, order)

    def _moved(
        self,
        parts: Sequence[OpenedRaster],
        modality: Modality,
        joint: tuple[int, ...],
        kept: tuple[int, ...],
    ) -> OpenedRaster:
        """Bring some bands of files to the grid, as a modality is declared."""
        trusted = modality.nodata is not None
        reads = Reads(
            modality,
            joint,
            tuple(sorted(kept)),
            frozenset(self.measured) if trusted else None,
        )
        method = self.methods.get(modality.name, self.method)
        move = partial(_measurements, self.grid, method)
        return bring_together(parts, reads, self.grid, move)

    def _check_shared(self, first: int, second: int, band: int) -> None:
        """Check that two modalities agree on a band.

        Raises:
            ValueError: If they declare it in different ways.
        """
        both = [self.source.modalities[i] for i in (first, second)]
        ways = [
            dict(
                nodata=m.nodata,
                nodata_when=m.nodata_when,
                resampling=self.methods.get(m.name, self.method),
            )
            for m in both
        ]
        if ways[0] != ways[1]:
            raise ValueError(
                f'{self.path}: {both[0].name} and {both[1].name} both read '
                f'band {band} (from 0), which has to be resampled in one '
                f'way, got {ways[0]} and {ways[1]}: declare them alike'
            )

    def _ids(self, part: OpenedRaster) -> ResampledRaster:
        source = self.source
        outside = _ignored(part, source.label, source.classes)
        return ResampledRaster(part, self.grid, self.method, None, outside)

    def _train_ids(self, tile: Stripe) -> np.ndarray:
        label, path = self.source.label, str(self.path)
        data = tile.data if label.colors else tile.data[[label.band or 0]]
        place = self.grid, path
        raster = label.decoded(data, tile.nodata, *place, tile.empty)
        return label.train_ids(raster, self.source.classes, path)


def scene_grid(
    scene: str,
    layers: Mapping[str, SourceLayer],
    like: str | None,
    resolution: float | None,
) -> Grid:
    """Choose the grid of a scene.

    Args:
        scene: Its name.
        layers: Its layers.
        like: The layer whose grid it is, of several files the finest. None:
            all must have the same.
        resolution: Size of a pixel, in units of the reference system of
            ``like``. None: as it is.

    Raises:
        ValueError: If the grids differ and ``like`` is None, or the scene
            lacks that layer.
    """
    grids = {
        f'{name} ({path.name})': grid
        for name, layer in layers.items()
        for path, grid in zip(layer.paths, layer.grids(), strict=True)
    }
    if like is None:
        found = differences(grids)
        if found:
            raise ValueError(
                f'scene {scene}: its rasters must share one grid, got '
                f'{"; ".join(found)}. Add --like NAME, one of {list(layers)}, '
                'to resample the others to its grid'
            )
        return shared_grid(grids)
    if like not in layers:
        raise ValueError(
            f'scene {scene} has no raster of {like!r}, whose grid --like '
            f'takes: it has {list(layers)}'
        )
    finest = min(layers[like].grids(), key=pixel_area)
    return finest if resolution is None else scaled(finest, resolution)


def _measurements(
    grid: Grid,
    method: str,
    part: OpenedRaster,
    bands: Sequence[int],
    prepare: Prepare,
    measured: Collection[int] | None,
) -> ResampledRaster:
    return ResampledRaster(
        part, grid, method, prepare, measured=measured, bands=bands
    )


def _mixed(file: OpenedRaster) -> bool:
    """Whether one GeoTIFF cannot hold the bands as they are."""
    bands = range(file.bands)
    masks = file.masked(bands, ((0, 1), (0, 1)))
    return (
        len(set(file.dtypes)) > 1
        or isinstance(file.nodata(bands), tuple)
        or (masks is not None and masks.ndim == 3)
    )


def _ignored(file: OpenedRaster, label: Label, classes: int) -> list[int]:
    """Find what a label file holds, band by band, where there is no class.

    Raises:
        ValueError: If the declaration has no such number.
    """
    ids = label.numbers(classes)
    numbers = [n for n, train_id in ids.items() if train_id == IGNORED]
    if label.colors is not None:
        if file.bands == 4:  # with transparency
            return [0, 0, 0, 0]
        if numbers:
            return list(numbers[0].to_bytes(3, 'big'))
    else:
        nodata = file.nodata((label.band or 0,))
        numbers += [] if nodata is None or nodata in ids else [nodata]
        found = [n for n in numbers if fits(n, file.dtypes[0])]
        if found:
            return found[:1] * file.bands
    raise ValueError(
        f'{file.path}: the label ({file.dtypes[0]}) lies on another grid than '
        'its scene, and what it does not cover needs a number that is '
        f'ignored, got {label.names(numbers)}: add one to `ids` of the label, '
        'for instance 255: 255, or a colour to its `colors`'
    )
