"""Simulator: from a seed to images and label of one piece of land."""

from dataclasses import dataclass

import numpy as np

from multimodal_rs.simulation.fields import Shape
from multimodal_rs.simulation.landscape import Landscape, draw_landscape
from multimodal_rs.simulation.optical import (
    GREENNESS,
    draw_clouds,
    observe_optical,
)
from multimodal_rs.simulation.sar import draw_wedge, observe_sar
from multimodal_rs.simulation.signatures import Cover

SEASONS = tuple(GREENNESS)
CLOUDY = 0.3  # share of images with clouds
WEDGES = 0.08  # share of images at the edge of the swath
DRAWS = 100


@dataclass(frozen=True)
class Sample:
    """One piece of land, seen by both sensors.

    Attributes:
        s2: (13, H, W) uint16, reflectance x 10000 at the top of atmosphere.
        s1: (2, H, W) float32, sigma0 in dB, NaN outside the swath.
        label: (1, H, W) int32, raw DFC2020 ids, true also under clouds.
        season: One of ``SEASONS``.
        cloud_cover: Share of the area under cloud that was asked for.
    """

    s2: np.ndarray
    s1: np.ndarray
    label: np.ndarray
    season: str
    cloud_cover: float


def simulate(
    seed: int,
    index: int,
    shape: Shape,
    cloud_cover: float | None = None,
    wedge: float | None = None,
    diverse: bool = False,
) -> Sample:
    """Simulate one piece of land.

    Land, optical image, clouds and SAR image have random numbers of their
    own: clouds do not change the SAR image, and a piece does not depend on
    those before it.

    Args:
        seed: Seed of the data set.
        index: Number of the piece.
        shape: (H, W) in pixels of 10 m.
        cloud_cover: Share of the area, 0 to 1. None draws it.
        wedge: Share of the area outside the SAR swath. None draws it.
        diverse: Draw land until each class has 3 to 35 % of the area.

    Raises:
        ValueError: If the area is too small for ``diverse``.
    """
    streams = np.random.SeedSequence((seed, index)).spawn(5)
    land_rng, weather, sky, optical, sar = map(np.random.default_rng, streams)
    land = _draw_land(land_rng, shape, diverse)
    season = draw_season(seed, index)
    chance, drawn = weather.random(), weather.uniform(0.25, 0.8)
    if cloud_cover is None:
        cloud_cover = drawn if chance < CLOUDY else 0.0
    chance, drawn = weather.random(), weather.uniform(0.05, 0.4)
    if wedge is None:
        wedge = drawn if chance < WEDGES else 0.0
    clouds = draw_clouds(sky, shape, cloud_cover) if cloud_cover else None
    outside = draw_wedge(weather, shape, wedge) if wedge else None
    return Sample(
        s2=observe_optical(optical, land, season, clouds),
        s1=observe_sar(sar, land, outside),
        label=land.label[None],
        season=season,
        cloud_cover=float(cloud_cover),
    )


def draw_season(seed: int, index: int) -> str:
    """Draw the season of a piece of land."""
    rng = np.random.default_rng((seed, index, 2))
    return SEASONS[rng.integers(len(SEASONS))]


def _draw_land(
    rng: np.random.Generator, shape: Shape, diverse: bool
) -> Landscape:
    for _ in range(DRAWS):
        land = draw_landscape(rng, shape)
        shares = [(land.label == cover).mean() for cover in Cover]
        if not diverse or (min(shares) >= 0.03 and max(shares) <= 0.35):
            return land
    raise ValueError(
        f'{DRAWS} draws of (H, W) = {shape} pixels of land had never 3 to '
        '35 % of each class: ask for more land, from 256x256 on'
    )
