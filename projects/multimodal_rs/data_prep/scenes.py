"""Scenes that are too large for a network, and the tiles cut from them."""

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.checks import Finding
from multimodal_rs.data_prep.scene_axes import turned
from multimodal_rs.data_prep.tile_files import (
    Stripe,
    fits,
    placed,
    to_uint8,
    write_tile,
)
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.masks import masked_ids
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Window,
)
from multimodal_rs.datasets.io.raster import (
    open_raster,
    raster_session,
)
from multimodal_rs.utils.progress import progress
from multimodal_rs.utils.sample_ids import file_below

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
        compressed: Whether tiles of it are; labels always are.
        optional: Whether it is cut only where a config reads it.
    """

    path: Path
    key: str | None = None
    is_label: bool = False
    measured: Collection[int] = ()
    compressed: bool = False
    optional: bool = False

    @property
    def name(self) -> str:
        """The file, and the variable of it, for messages."""
        return f'{self.path}:{self.key}' if self.key else str(self.path)

    @property
    def count(self) -> int | None:
        """Number of bands that it must have; None: any."""
        return 1 if self.is_label else None

    def open(self) -> OpenedRaster:
        """Open it for reading."""
        return open_raster(str(self.path), self.key)

    def ids(self, data: np.ndarray) -> np.ndarray:
        """Turn ids into uint8.

        Raises:
            ValueError: If they are none.
        """
        ids = to_uint8(data)
        if ids is None:
            wrong = np.unique(data[~np.isin(data, np.arange(256))])
            raise ValueError(
                f'{self.path}: a label must have whole numbers from 0 to 255, '
                f'got {wrong[:5].tolist()}: download the file again'
            )
        return ids

    def is_empty(self, tile: Stripe) -> bool:
        """Whether a tile of it is of no use, so that none is written."""
        return False


@dataclass(frozen=True)
class Scene:
    """Co-registered rasters.

    Attributes:
        name: First part of the ids of its tiles.
        layers: Name of the layer -> raster.
    """

    name: str
    layers: Mapping[str, SceneLayer]


@dataclass(frozen=True)
class TileFolder:
    """How large tiles are and where they are written.

    Attributes:
        root: Folder of the dataset.
        size: Rows and columns of a tile, in pixels.
        overlap: What two neighbours share, in pixels, less than ``size``.
    """

    root: Path
    size: int = 256
    overlap: int = 0

    def path(self, layer: str, tile: str) -> Path:
        """Say where a tile of a layer is written."""
        return file_below(self.root / FOLDER / layer, tile, '.tif')

    def starts(self, length: int) -> range:
        """List where tiles begin along a side; the rest is not used."""
        return range(0, length - self.size + 1, self.size - self.overlap)


@dataclass(frozen=True)
class Row:
    """A row of tiles of a scene.

    Attributes:
        scene: The scene.
        grids: Size and position of each layer of it.
        bands: Number of bands of each layer.
        top: Row of the scene in which the tiles begin, in pixels.
    """

    scene: Scene
    grids: Mapping[str, Grid]
    bands: Mapping[str, int]
    top: int

    def files(self, folder: TileFolder) -> dict[int, dict[str, Path]]:
        """List the tiles: left column -> layer -> file."""
        _, width = next(iter(self.grids.values())).size
        return {
            left: {
                layer: folder.path(layer, self.tile(left))
                for layer in self.scene.layers
            }
            for left in folder.starts(width)
        }

    def tile(self, left: int) -> str:
        """Name the tile that begins in a column."""
        return tile_id(self.scene.name, self.top, left)


def tile_id(scene: str, top: int, left: int) -> str:
    """Name the tile that begins in a row and column of a scene."""
    return f'{scene}/{top:05}_{left:05}'


def scene_of(tile: str) -> str:
    """Get the scene of a tile id."""
    return tile.partition('/')[0]


def cut(
    scenes: Sequence[Scene],
    folder: TileFolder,
    left_out: Container[str] = (),
) -> list[str]:
    """Cut scenes into tiles on a regular grid.

    What is left at the right and at the bottom is not used. Numbers stay as
    they are, except that float64 becomes float32 and ids uint8; the
    georeference moves along, and so does what a file says of its bands:
    nodata, names, scale and offset; a mask or an alpha band becomes the mask
    of the tile. A tile that is there stays, so that an interrupted run goes
    on where it stopped; files are complete or not there.

    Args:
        scenes: What to cut.
        folder: Where tiles go. Their ids are ``<scene>/<top>_<left>``, with
            the position of their first pixel.
        left_out: Ids of tiles that an earlier run found empty.

    Returns:
        Ids of the tiles that are of no use and were not written.

    Raises:
        ValueError: If the layers of a scene differ in size, a scene is
            smaller than a tile, a file is damaged or lacks its variable, a
            label is no id, or there are tiles of another file.
    """
    rows = [row for scene in scenes for row in rows_of(scene, folder)]
    written = total = 0
    empty = []
    for row in progress(rows, 'cutting, rows of tiles'):
        tiles = row.files(folder)
        _check_tiles(row, tiles)
        missing = {
            left: files
            for left, files in tiles.items()
            if row.tile(left) not in left_out
            and not all(path.is_file() for path in files.values())
        }
        with raster_session():
            cut_now = _cut_row(row, missing, folder.size)
        empty += [row.tile(left) for left in missing if left not in cut_now]
        total += sum(row.tile(left) not in left_out for left in tiles)
        written += sum(cut_now.values())
    more = f', {len(empty)} left out: nothing in them' if empty else ''
    print(
        f'{folder.root}: {total - len(empty)} tiles from {len(scenes)} '
        f'scenes{more}; {written} files written'
    )
    return empty


def find_uncut(
    scenes: Sequence[Scene],
    folder: TileFolder,
    left_out: Container[str] = (),
) -> list[Finding]:
    """Find the scenes of which tiles are missing; see :func:`cut`."""
    findings = []
    for scene in scenes:
        try:
            rows = rows_of(scene, folder)
        except ValueError as error:
            findings.append(Finding('unusable scene', str(error)))
            continue
        files = [
            path
            for row in rows
            for left, files in row.files(folder).items()
            if row.tile(left) not in left_out
            for path in files.values()
        ]
        missing = sum(not path.is_file() for path in files)
        if missing:
            text = (
                f'{scene.name}: {missing} of {len(files)} tiles of its layers '
                'are missing: run the script without --check'
            )
            findings.append(Finding('scene not cut completely', text))
    return findings


def rows_of(scene: Scene, folder: TileFolder) -> list[Row]:
    """Divide a scene into rows of tiles.

    Raises:
        ValueError: If its layers differ in size, it is smaller than a tile,
            or a file is damaged.

    Note:
        Layers are cut by pixel. Whether their georeferences agree is for
        --check to say, which compares those of the tiles.
    """
    grids, bands = {}, {}
    for name, layer in scene.layers.items():
        with layer.open() as file:
            grids[name], bands[name] = file.grid, file.bands
    sizes = {name: grid.size for name, grid in grids.items()}
    if len(set(sizes.values())) > 1:
        wrong = turned({n: (bands[n], *size) for n, size in sizes.items()})
        hint = (
            f': the axes of {wrong} are transposed, expected (H, W, bands)'
            if wrong
            else ''
        )
        raise ValueError(
            f'scene {scene.name}: all layers must have one size, got (H, W) '
            f'{sizes}{hint}: download the files {_paths(scene)} again, or '
            'resample the one that differs'
        )
    height, width = next(iter(sizes.values()))
    if min(height, width) < folder.size:
        raise ValueError(
            f'scene {scene.name}: expected at least {folder.size}x'
            f'{folder.size} pixels, got (H, W) {(height, width)}: take '
            f'{_paths(scene)} out of the folder'
        )
    return [Row(scene, grids, bands, top) for top in folder.starts(height)]


def _check_tiles(row: Row, tiles: Mapping[int, Mapping[str, Path]]) -> None:
    """Compare the first tile of a row that is there with its scene.

    Raises:
        ValueError: If it has another number of bands.
    """
    for name, layer in row.scene.layers.items():
        there = [f[name] for f in tiles.values() if f[name].is_file()]
        for path in there[:1]:
            with open_raster(str(path)) as tile:
                bands = tile.bands
            if bands != row.bands[name]:
                raise ValueError(
                    f'{path} has {bands} bands, {layer.name} has '
                    f'{row.bands[name]}: it was cut from another file. Delete '
                    f'the tiles of {name}, in {path.parent}, and run the '
                    'command again'
                )


def _paths(scene: Scene) -> list[str]:
    paths = (str(layer.path) for layer in scene.layers.values())
    return list(dict.fromkeys(paths))


def _cut_row(
    row: Row, tiles: Mapping[int, Mapping[str, Path]], size: int
) -> dict[int, int]:
    """Write tiles of a row; whole rows are read, as they lie in the file.

    Returns:
        Left column -> number of files written, for tiles that are not empty.
    """
    if not tiles:
        return {}
    stripes = {n: _stripe(row, n, size) for n in row.scene.layers}
    written = {}
    for left, files in tiles.items():
        parts = {n: stripe.part(left, size) for n, stripe in stripes.items()}
        if any(row.scene.layers[n].is_empty(p) for n, p in parts.items()):
            continue
        missing = [n for n, path in files.items() if not path.is_file()]
        for name in missing:
            place = placed(row.grids[name], row.top, left)
            write_tile(files[name], parts[name], place)
        written[left] = len(missing)
    return written


def _stripe(row: Row, name: str, size: int) -> Stripe:
    layer = row.scene.layers[name]
    window = (row.top, row.top + size), (0, row.grids[name].size[1])
    with layer.open() as file:
        return read_layer(file, layer, window)


def read_layer(
    file: OpenedRaster, layer: SceneLayer, window: Window | None = None
) -> Stripe:
    """Read a layer as its tiles will be.

    Raises:
        ValueError: If it is damaged, is a label with several bands or without
            ids, or says something of its bands that no GeoTIFF can say.
    """
    bands = file.checked(None, layer.count)
    data, nodata = file.read(bands, window), file.nodata(bands)
    if layer.is_label:
        ids, empty = layer.ids(data), masked_ids(file, bands, window)
        usable = isinstance(nodata, float | int) and fits(nodata, ids.dtype)
        nodata = nodata if usable else None
        return Stripe(ids, empty, nodata, compressed=True)
    empty = file.masked(bands, window, measured=layer.measured)
    if empty is not None and empty.ndim == 3:
        raise ValueError(
            f'{file.path}: the bands have masks of their own, which a GeoTIFF '
            'cannot hold: give them one mask, or a nodata value'
        )
    data, nodata = _single(data, _one_nodata(nodata, file.path))
    return Stripe(
        data,
        empty,
        nodata,
        file.names,
        file.scaling(bands),
        compressed=layer.compressed,
    )


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
    if nodata is not None and abs(nodata) > float(np.finfo('float32').max):
        single[data == nodata] = np.nan
        nodata = np.nan
    return single, nodata
