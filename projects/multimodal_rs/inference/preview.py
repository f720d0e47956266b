"""A picture of a scene and its map, for people."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import rasterio

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.rasters import (
    SceneRasters,
    Source,
    reduced_shape,
)
from multimodal_rs.visualization.panel import (
    contact_sheet,
    fit,
    save_png,
    tile_row,
)

Truth = Callable[[Grid, tuple[int, int]], np.ndarray]


def save_preview(
    target: str | os.PathLike,
    map_path: str | os.PathLike,
    rasters: Mapping[str, Source],
    modalities: Mapping[str, Modality],
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    cell: int = 640,
    grid: SceneGrid = FINEST,
    truth: Truth | None = None,
) -> None:
    """Write a PNG: the modalities as a person wants to see them, and the map.

    With what is known about the ground also that, and where the map errs.

    Everything is read with at most ``2 * cell`` pixels on the longer side,
    whatever the size of the scene.

    Args:
        target: PNG to write.
        map_path: What ``predict_scene`` wrote.
        rasters: What it read.
        modalities: All declarations; the others are shown as absent.
        classes: Names.
        palette: (R, G, B) of every class.
        cell: Longest side of a picture in pixels.
        grid: To which grid the rasters were brought.
        truth: Gives (h, w) numbers of classes, 255 where nothing is known,
            for the grid of the map and the (h, w) of the picture.
    """
    # Whoever made the map was warned of unusual numbers.
    known = {n: replace(m, file_range=None) for n, m in modalities.items()}
    with SceneRasters(rasters, known, grid) as scene:
        images = scene.read_reduced(2 * cell)
        height, width = scene.size
        place = scene.grid
    with rasterio.open(map_path) as file:
        shape = reduced_shape(file.shape, 2 * cell)
        ids = file.read(1, out_shape=shape)
    name = os.path.basename(map_path)
    row = tile_row(
        f'{width} x {height} pixels',
        images,
        modalities,
        palette,
        label=None if truth is None else truth(place, shape),
        prediction=ids,
        map_title='map',
    )
    sheet = contact_sheet([fit(row, cell)], classes, palette, name, cell)
    save_png(sheet, target)
