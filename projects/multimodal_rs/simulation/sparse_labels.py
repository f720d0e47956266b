"""Sparse labels of a scene, as somebody draws them: small patches."""

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.town import Town, Use


def draw_labels(
    rng: np.random.Generator, town: Town, train: int, test: int
) -> tuple[np.ndarray, np.ndarray]:
    """Label patches of up to 3 x 3 pixels in each part of a town.

    Edges of lots stay unlabelled, where they are wide enough for that.

    Args:
        rng: Source of randomness.
        town: The truth.
        train: Pixels of each class for training, at most.
        test: Likewise for testing.

    Returns:
        Two rasters (H, W) uint8, numbers of :class:`Use`, 0 without a label.
    """
    rasters = []
    for part, count in ((town.training, train), (~town.training, test)):
        raster = np.zeros(town.use.shape, np.uint8)
        for use in Use:
            own = (town.use == use) & part
            inner = ndimage.binary_erosion(own)
            usable = inner if inner.sum() >= count // 2 else own
            _draw_patches(rng, raster, usable, use, count)
        rasters.append(raster)
    return rasters[0], rasters[1]


def _draw_patches(
    rng: np.random.Generator,
    raster: np.ndarray,
    usable: np.ndarray,
    use: Use,
    count: int,
) -> None:
    places = np.argwhere(usable)
    rng.shuffle(places)
    left = count
    for row, column in places:
        if left <= 0:
            break
        part = np.s_[
            max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2
        ]
        free = usable[part] & (raster[part] == 0)
        kept = free & (np.cumsum(free).reshape(free.shape) <= left)
        raster[part][kept] = use
        left -= int(kept.sum())
