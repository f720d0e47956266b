"""Blocks of the map in which tiles lie, so that neighbours stay together."""

import math
from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import (
    open_raster,
    raster_exists,
    raster_session,
)
from multimodal_rs.utils.progress import progress

TILES = 8  # along the side of a block, where nobody says how long it is


def map_blocks(
    dataset: MultiModalSegDataset,
    tiles: Sequence[str],
    side: float | None = None,
) -> dict[str, str]:
    """Say in which block of the map each tile lies, by its centre.

    Args:
        dataset: Says where the files are.
        tiles: Ids.
        side: Of a block, in units of the reference system. None: ``TILES``
            times the longest side of the first tile.

    Returns:
        Tile -> name of its block.

    Raises:
        ValueError: If no file of a tile says where it lies.
    """
    blocks = {}
    for tile in progress(tiles, 'where tiles lie'):
        grid = _grid(dataset, tile)
        height, width = grid.size
        t = grid.transform
        if side is None:
            side = TILES * max(
                width * math.hypot(t.a, t.d), height * math.hypot(t.b, t.e)
            )
        x = t.a * width / 2 + t.b * height / 2 + t.c
        y = t.d * width / 2 + t.e * height / 2 + t.f
        system = '' if grid.crs is None else grid.crs.to_string()
        place = math.floor(x / side), math.floor(y / side)
        blocks[tile] = f'{system} {place}'
    print(f'{len(set(blocks.values()))} blocks of {side:g} map units a side')
    return blocks


def _grid(dataset: MultiModalSegDataset, tile: str) -> Grid:
    for name, modality in dataset.modalities.items():
        path = str(
            Path(dataset.data_root)
            / dataset.tile_path(tile, name, modality.dir, modality.suffix)
        )
        if not raster_exists(path):
            continue
        with raster_session(), open_raster(path, modality.key) as file:
            if file.grid.placed:
                return file.grid
    raise ValueError(
        f'tile {tile}: none of its files {list(dataset.modalities)} says '
        'where it lies: a split by blocks of the map needs a georeference; '
        'take --split scene or random'
    )
