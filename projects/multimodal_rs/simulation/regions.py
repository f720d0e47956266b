"""Regions: where the land, the season and the instruments are others.

A network that was trained in one place meets other shares of the classes,
another sun, thicker haze, drier plants, instruments with other calibration,
and speckle of another number of looks. Region 0, ``HOME``, is what the
simulator has always made. Each other number is a place of its own, drawn
from the ranges in :func:`draw_region`. They are choices, made before any
network was tested with them, of the size that one meets between products and
seasons; no publication was followed.
"""

import math
from dataclasses import dataclass

import numpy as np

BANDS = 13


@dataclass(frozen=True)
class Region:
    """What differs from place to place.

    Attributes:
        wild: How much forest, shrubland, grassland and barren land there is,
            as the mean of the field that decides between them.
        farmed: Likewise of farmland, against wild land.
        ground: Mean height of the ground above the water; less is wetter.
        towns: Expected number of towns in 128 x 128 pixels.
        sun: Factor of the reflectance of the ground: what slopes and the
            angles of sun and view leave of it.
        haze: Factor of the reflectance of the air.
        greenness: Factor of the green share of leaves; 1 is well watered.
        gains: Calibration of the 13 optical bands, a factor of each.
        offset: Calibration and incidence angle of SAR, dB to add to VV, VH.
        looks: Looks of the SAR speckle.
    """

    wild: tuple[float, float, float, float] = (0.1, 0.1, 0.0, -0.25)
    farmed: float = 0.0
    ground: float = 1.3
    towns: float = 1.8
    sun: float = 1.0
    haze: float = 1.0
    greenness: float = 1.0
    gains: tuple[float, ...] = (1.0,) * BANDS
    offset: tuple[float, float] = (0.0, 0.0)
    looks: int = 4


HOME = Region()


def draw_region(number: int) -> Region:
    """Draw a region, always the same for a number.

    Args:
        number: 0 is ``HOME``.
    """
    if number == 0:
        return HOME
    rng = np.random.default_rng((number, 20))
    both, own = rng.uniform(-2, 2), rng.uniform(-0.7, 0.7, 2)
    shares = rng.normal(HOME.wild, 0.4)
    return Region(
        wild=tuple(shares.tolist()),
        farmed=rng.normal(HOME.farmed, 0.4),
        ground=rng.normal(HOME.ground, 0.25),
        towns=HOME.towns * math.exp(rng.normal(0, 0.5)),
        sun=rng.uniform(0.75, 1.15),
        haze=math.exp(rng.uniform(-0.1, 0.5)),
        greenness=rng.uniform(0.7, 1.05),
        gains=tuple(rng.normal(1, 0.04, BANDS).tolist()),
        offset=tuple((both + own).tolist()),
        looks=int(rng.choice([2, 3, 6, 10])),
    )
