"""Elevation of a landscape, as a surface model of radar interferometry."""

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.fields import smooth_field
from multimodal_rs.simulation.landscape import Landscape
from multimodal_rs.simulation.signatures import Cover

# What such a model shows of heights above the ground, in metres: about half.
SURFACE = {Cover.FOREST: 9.0, Cover.URBAN: 5.0}
RELIEF = 10.0  # standard deviation of hills, metres
BANK = 0.4  # rise away from water, metres per pixel
PSF = 1.3  # sigma in pixels: 30 m resampled to 10 m
NOISE = 0.5  # metres


def observe_elevation(rng: np.random.Generator, land: Landscape) -> np.ndarray:
    """Draw an elevation model that fits the land.

    Water is level, land rises from it; forest and towns stand up. The level
    of a piece, 0 to 100 m, says nothing about its classes.

    Returns:
        (1, H, W) float32, metres.
    """
    shape = land.label.shape
    hills = RELIEF * smooth_field(rng, shape, 40, 3.0)
    level = rng.uniform(0, 100)
    water = land.label == Cover.WATER
    rise = np.full(shape, np.inf)
    if water.any():
        rise = BANK * ndimage.distance_transform_edt(~water)
    # Not higher than the rise from the nearest water, where there is any.
    ground = np.minimum(hills - hills.min(), rise)
    for cover, height in SURFACE.items():
        ground += np.where(land.label == cover, height, 0.0)
    surface = ndimage.gaussian_filter(ground, PSF, mode='nearest')
    surface += level + NOISE * rng.standard_normal(shape)
    return surface[None].astype(np.float32)
