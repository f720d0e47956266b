"""Scenes that are too large for a network, and the tiles cut from them."""

import contextlib
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetWriter
from rasterio.windows import Window, transform

from multimodal_rs.data_prep.checks import Finding
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import Nodata, Scaling
from multimodal_rs.datasets.io.raster import (
    check_written,
    open_raster,
    raster_session,
)
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.progress import progress

TILE = 256  # pixels, both sides
FOLDER = 'tiles'  # below the folder of the dataset


@dataclass(frozen=True)
class SceneLayer:
    """One raster of a scene.

    Attributes:
        path: Its file.
        key: Variable, where the file has several.
        is_label: Whether it holds ids of classes. They become uint8 and are
            compressed.
        measured: Bands (0-based) that hold measurements even if the file
            calls one of them alpha, as GDAL does with any fourth band of 8
            bits that nobody described.
    """

    path: Path
    key: str | None = None
    is_label: bool = False
    measured: Collection[int] = ()


@dataclass(frozen=True)
class Scene:
    """Co-registered rasters.

    Attributes:
        name: First part of the ids of its tiles.
        layers: Name of the layer, which is the folder of its tiles, ->
            raster.
    """

    name: str
    layers: Mapping[str, SceneLayer]


@dataclass(frozen=True)
class Row:
    """A row of tiles of a scene.

    Attributes:
        scene: The scene.
        grids: Size and position of each layer of it.
        top: Row of the scene in which the tiles begin, in pixels.
    """

    scene: Scene
    grids: Mapping[str, Grid]
    top: int

    def files(self, folder: Path) -> Iterator[tuple[str, int, Path]]:
        """List layer, left column and file of all tiles."""
        _, width = next(iter(self.grids.values())).size
        for left in range(0, width - TILE + 1, TILE):
            name = f'{tile_id(self.scene.name, self.top, left)}.tif'
            for layer in self.scene.layers:
                yield layer, left, folder / layer / name


def tile_id(scene: str, top: int, left: int) -> str:
    """Name the tile that begins in a row and column of a scene."""
    return f'{scene}/{top:05}_{left:05}'


def scene_of(tile: str) -> str:
    """Get the scene of a tile id."""
    return tile.partition('/')[0]


def cut(scenes: Sequence[Scene], data_root: Path) -> None:
    """Cut scenes into tiles of 256x256 on a regular grid.

    Tiles do not overlap; what is left at the right and at the bottom is not
    used. Numbers stay as they are, except that float64 becomes float32 and
    ids uint8; the georeference moves along, and so does what a file says of
    its bands: nodata, names, scale and offset; a mask or an alpha band
    becomes the mask of the tile. A tile that is there stays, so that an
    interrupted run goes on where it stopped; files are complete or not there.

    Args:
        scenes: What to cut.
        data_root: Folder of the dataset. Tiles go to
            ``tiles/<layer>/<scene>/<top>_<left>.tif``, with the position of
            their first pixel.

    Raises:
        ValueError: If the layers of a scene differ in size, a scene is
            smaller than a tile, a file is damaged or lacks its variable, or
            a label is no id.
    """
    rows = [row for scene in scenes for row in rows_of(scene)]
    written = total = 0
    for row in progress(rows, 'cutting, rows of tiles'):
        files = list(row.files(data_root / FOLDER))
        missing = [file for file in files if not file[2].is_file()]
        with raster_session():
            _cut_row(row, missing)
        total += len(files)
        written += len(missing)
    print(
        f'{data_root / FOLDER}: {total} files from {len(scenes)} scenes, '
        f'{written} written'
    )


def find_uncut(scenes: Sequence[Scene], data_root: Path) -> list[Finding]:
    """Find the scenes of which tiles are missing."""
    findings = []
    for scene in scenes:
        try:
            rows = rows_of(scene)
        except ValueError as error:
            findings.append(Finding('unusable scene', str(error)))
            continue
        files = [f for row in rows for f in row.files(data_root / FOLDER)]
        missing = sum(not path.is_file() for _, _, path in files)
        if missing:
            text = (
                f'{scene.name}: {missing} of {len(files)} tiles of its layers '
                'are missing: run the script without --check'
            )
            findings.append(Finding('scene not cut completely', text))
    return findings


def rows_of(scene: Scene) -> list[Row]:
    """Divide a scene into rows of tiles.

    Raises:
        ValueError: If its layers differ in size, it is smaller than a tile,
            or a file is damaged.

    Note:
        Layers are cut by pixel. Whether their georeferences agree is for
        --check to say, which compares those of the tiles.
    """
    grids = {n: _grid(layer) for n, layer in scene.layers.items()}
    sizes = {name: grid.size for name, grid in grids.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f'scene {scene.name}: all layers must have one size, got (H, W) '
            f'{sizes}: download the files {_paths(scene)} again, or resample '
            'the one that differs'
        )
    height, width = next(iter(sizes.values()))
    if min(height, width) < TILE:
        raise ValueError(
            f'scene {scene.name}: expected at least {TILE}x{TILE} pixels, got '
            f'(H, W) {(height, width)}: take {_paths(scene)} out of the folder'
        )
    return [Row(scene, grids, y) for y in range(0, height - TILE + 1, TILE)]


def _grid(layer: SceneLayer) -> Grid:
    with open_raster(str(layer.path), layer.key) as file:
        return file.grid


def _paths(scene: Scene) -> list[str]:
    return [str(layer.path) for layer in scene.layers.values()]


def _cut_row(row: Row, files: Iterable[tuple[str, int, Path]]) -> None:
    """Write tiles of a row; whole rows are read, as they lie in the file."""
    stripes = {}
    for name, left, path in files:
        layer, grid = row.scene.layers[name], row.grids[name]
        if name not in stripes:
            stripes[name] = _stripe(layer, row.top)
        stripe = stripes[name]
        _write_tile(path, stripe.part(left), _placed(grid, row.top, left))


@dataclass(frozen=True)
class _Stripe:
    """Rows of a layer, or a tile of them.

    Attributes:
        data: (C, TILE, W).
        empty: True where a mask says so, (TILE, W); None without one.
        nodata: Value of all bands, None without one.
        names: Of the bands, None where the file says nothing.
        scaling: Scale and offset of the bands, None without.
        ids: Whether these are ids of classes.
    """

    data: np.ndarray
    empty: np.ndarray | None = None
    nodata: float | None = None
    names: Sequence[str | None] = ()
    scaling: Scaling | None = None
    ids: bool = False

    def part(self, left: int) -> '_Stripe':
        """Get the tile that begins in a column."""
        columns = slice(left, left + TILE)
        empty = None if self.empty is None else self.empty[:, columns]
        return replace(self, data=self.data[..., columns], empty=empty)


def _stripe(layer: SceneLayer, top: int) -> _Stripe:
    path = str(layer.path)
    with open_raster(path, layer.key) as file:
        bands = file.checked(None, 1 if layer.is_label else None)
        window = ((top, top + TILE), (0, file.size[1]))
        data = file.read(window=window)
        if layer.is_label:
            return _Stripe(_ids(data, path), ids=True)
        empty = file.masked(bands, window, measured=layer.measured)
        if empty is not None and empty.ndim == 3:
            raise ValueError(
                f'{path}: the bands have masks of their own, which a GeoTIFF '
                'cannot hold: give them one mask, or a nodata value'
            )
        data, nodata = _single(data, _one_nodata(file.nodata(bands), path))
        scaling = file.scaling(bands)
        return _Stripe(data, empty, nodata, file.names, scaling)


def _one_nodata(nodata: Nodata, path: str) -> float | None:
    if isinstance(nodata, tuple):
        raise ValueError(
            f'{path}: the bands declare different nodata values '
            f'{nodata}, which a GeoTIFF cannot hold: give them one'
        )
    return nodata


def _single(
    data: np.ndarray, nodata: float | None
) -> tuple[np.ndarray, float | None]:
    """Turn float64 into float32, with a nodata value that float32 has."""
    if data.dtype != 'float64':
        return data, nodata
    with np.errstate(over='ignore'):
        single = data.astype('float32')
    if nodata is not None and abs(nodata) > np.finfo('float32').max:
        single[data == nodata] = np.nan
        nodata = np.nan
    return single, nodata


def _ids(data: np.ndarray, path: str) -> np.ndarray:
    """Turn ids into uint8."""
    with np.errstate(invalid='ignore'):
        ids = data.astype('uint8')
    if not (ids == data).all():
        wrong = np.unique(data[ids != data])
        raise ValueError(
            f'{path}: a label must have whole numbers from 0 to 255, '
            f'got {wrong[:5].tolist()}: download the file again'
        )
    return ids


def _placed(grid: Grid, top: int, left: int) -> dict:
    """Get the georeference of a tile; empty if the scene has none."""
    if not grid.placed:
        return {}
    window = Window(left, top, TILE, TILE)
    return dict(crs=grid.crs, transform=transform(window, grid.transform))


def _write_tile(path: Path, tile: _Stripe, place: Mapping) -> None:
    bands, height, width = tile.data.shape
    settings = dict(compress='deflate') if tile.ids else {}
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(atomic_path(path))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        # Otherwise a mask goes into a file of its own, beside the tile.
        stack.enter_context(rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True))
        # GDAL would declare four bands of 8 bits red, green, blue and alpha.
        with rasterio.open(
            temporary,
            'w',
            driver='GTiff',
            count=bands,
            height=height,
            width=width,
            dtype=tile.data.dtype,
            photometric='minisblack',
            nodata=tile.nodata,
            **settings,
            **place,
        ) as file:
            _describe(file, tile)
            file.write(tile.data)
        check_written(temporary)


def _describe(file: DatasetWriter, tile: _Stripe) -> None:
    """Say of a tile's bands what the scene says of them."""
    if any(tile.names):
        file.descriptions = tile.names
    if tile.scaling is not None:
        file.scales, file.offsets = tile.scaling
    if tile.empty is not None:
        file.write_mask(~tile.empty)
