"""Scenes that are too large for a network, and the tiles cut from them."""

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window, transform

from multimodal_rs.data_prep.checks import Finding
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import (
    Raster,
    check_written,
    open_raster,
    raster_session,
    read_raster,
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
    """

    path: Path
    key: str | None = None
    is_label: bool = False


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
    ids uint8; the georeference moves along. A tile that is there stays, so
    that an interrupted run goes on where it stopped; files are complete or
    not there.

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
            window = ((row.top, row.top + TILE), (0, grid.size[1]))
            stripe = read_raster(
                *(str(layer.path), None, window, layer.key),
                count=1 if layer.is_label else None,
            )
            stripes[name] = stripe._replace(data=_converted(stripe, layer))
        stripe = stripes[name]
        profile = _placed(grid, row.top, left)
        if layer.is_label:
            profile.update(compress='deflate')
        elif isinstance(stripe.nodata, tuple):
            raise ValueError(
                f'{layer.path}: the bands declare different nodata values '
                f'{stripe.nodata}, which a GeoTIFF cannot hold: give them one'
            )
        else:
            profile.update(nodata=stripe.nodata)
        _write_tile(path, stripe.data[..., left : left + TILE], profile)


def _converted(stripe: Raster, layer: SceneLayer) -> np.ndarray:
    """Turn ids into uint8 and float64 into float32."""
    data = stripe.data
    if not layer.is_label:
        return data.astype('float32') if data.dtype == 'float64' else data
    with np.errstate(invalid='ignore'):
        ids = data.astype('uint8')
    if not (ids == data).all():
        wrong = np.unique(data[ids != data])
        raise ValueError(
            f'{layer.path}: a label must have whole numbers from 0 to 255, '
            f'got {wrong[:5].tolist()}: download the file again'
        )
    return ids


def _placed(grid: Grid, top: int, left: int) -> dict:
    """Get the georeference of a tile; empty if the scene has none."""
    if not grid.placed:
        return {}
    window = Window(left, top, TILE, TILE)
    return dict(crs=grid.crs, transform=transform(window, grid.transform))


def _write_tile(path: Path, data: np.ndarray, profile: Mapping) -> None:
    bands, height, width = data.shape
    with atomic_path(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        # GDAL would declare four bands of 8 bits red, green, blue and alpha.
        with rasterio.open(
            temporary,
            'w',
            driver='GTiff',
            count=bands,
            height=height,
            width=width,
            dtype=data.dtype,
            photometric='minisblack',
            **profile,
        ) as file:
            file.write(data)
        check_written(temporary)
