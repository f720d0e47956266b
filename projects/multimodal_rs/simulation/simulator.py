"""Simulator: from a seed to images and label of one piece of land."""

from dataclasses import dataclass

import numpy as np

from multimodal_rs.simulation.differences import (
    NO_DIFFERENCES,
    SensorDifferences,
    dilate,
    displace,
    draw_displacement,
)
from multimodal_rs.simulation.elevation import observe_elevation
from multimodal_rs.simulation.fields import Shape
from multimodal_rs.simulation.landscape import Landscape, draw_landscape
from multimodal_rs.simulation.optical import (
    GREENNESS,
    draw_clouds,
    observe_optical,
)
from multimodal_rs.simulation.regions import HOME, Region
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
        dem: (1, H, W) float32, elevation in metres; None: not asked for.
        displacement: (2, H, W) float32, in pixels of (rows, columns): SAR
            shows at u + d(u) what label and optical image show at u. None:
            everything is at its place.
    """

    s2: np.ndarray
    s1: np.ndarray
    label: np.ndarray
    season: str
    cloud_cover: float
    dem: np.ndarray | None = None
    displacement: np.ndarray | None = None


def simulate(
    seed: int,
    index: int,
    shape: Shape,
    cloud_cover: float | None = None,
    wedge: float | None = None,
    diverse: bool = False,
    differences: SensorDifferences = NO_DIFFERENCES,
    dem: bool = False,
    region: Region = HOME,
) -> Sample:
    """Simulate one piece of land.

    Land, optical image, clouds, SAR image, elevation and displacement have
    random numbers of their own: clouds do not change the SAR image, and a
    piece does not depend on those before it. What ``differences`` ask for
    changes neither the label nor, but for the separability, the optical image.

    Args:
        seed: Seed of the data set.
        index: Number of the piece.
        shape: (H, W) in pixels of 10 m.
        cloud_cover: Share of the area, 0 to 1. None draws it.
        wedge: Share of the area outside the SAR swath. None draws it.
        diverse: Draw land until each class has 3 to 35 % of the area.
        differences: What SAR sees otherwise than the optical sensor.
        dem: Whether to make an elevation model, too.
        region: Where the piece lies.

    Raises:
        ValueError: If the area is too small for ``diverse``.
    """
    streams = np.random.SeedSequence((seed, index)).spawn(5)
    land_rng, weather, sky, optical, sar = map(np.random.default_rng, streams)
    land = _draw_land(land_rng, shape, diverse, region)
    season = draw_season(seed, index)
    chance, drawn = weather.random(), weather.uniform(0.25, 0.8)
    if cloud_cover is None:
        cloud_cover = drawn if chance < CLOUDY else 0.0
    chance, drawn = weather.random(), weather.uniform(0.05, 0.4)
    if wedge is None:
        wedge = drawn if chance < WEDGES else 0.0
    clouds = draw_clouds(sky, shape, cloud_cover) if cloud_cover else None
    outside = draw_wedge(weather, shape, wedge) if wedge else None
    seen_by_sar, displacement = _as_sar_sees(land, differences, seed, index)
    height_rng = np.random.default_rng((seed, index, 3))
    return Sample(
        s2=observe_optical(
            optical, land, season, clouds, differences.separability, region
        ),
        s1=observe_sar(sar, seen_by_sar, outside, differences, region),
        label=land.label[None],
        season=season,
        cloud_cover=float(cloud_cover),
        dem=observe_elevation(height_rng, land) if dem else None,
        displacement=displacement,
    )


def _as_sar_sees(
    land: Landscape, differences: SensorDifferences, seed: int, index: int
) -> tuple[Landscape, np.ndarray | None]:
    """Dilate and displace the land; also return the displacement."""
    if differences.dilation:
        land = dilate(land, differences.dilation)
    if not differences.displacement:
        return land, None
    displacement = draw_displacement(
        np.random.default_rng((seed, index, 4)),
        land.label.shape,
        differences.displacement,
    )
    return displace(land, displacement), displacement


def draw_season(seed: int, index: int) -> str:
    """Draw the season of a piece of land."""
    rng = np.random.default_rng((seed, index, 2))
    return SEASONS[rng.integers(len(SEASONS))]


def _draw_land(
    rng: np.random.Generator, shape: Shape, diverse: bool, region: Region
) -> Landscape:
    for _ in range(DRAWS):
        land = draw_landscape(rng, shape, region)
        shares = [(land.label == cover).mean() for cover in Cover]
        if not diverse or (min(shares) >= 0.03 and max(shares) <= 0.35):
            return land
    raise ValueError(
        f'{DRAWS} draws of (H, W) = {shape} pixels of land had never 3 to '
        '35 % of each class: ask for more land, from 256x256 on'
    )
