"""Sentinel-2 level 1C of a landscape: mixtures, atmosphere, clouds, optics."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.fields import Shape, smooth_field
from multimodal_rs.simulation.landscape import Landscape
from multimodal_rs.simulation.regions import HOME, Region
from multimodal_rs.simulation.signatures import (
    BAND_GSD,
    COMPONENTS,
    Cover,
    column,
    component_spectra,
    draw_together,
    mixtures,
)

# How green leaves are: what is not green has withered.
GREENNESS = {'spring': 0.95, 'summer': 1.0, 'autumn': 0.85, 'winter': 0.7}

# Clear sky, mid latitude. Path reflectance is the blue veil of the air
# (Rayleigh and aerosol); transmittance includes water vapour, which blocks
# B9 (945 nm) partly and B10 (1375 nm) completely. Rounded values that bring
# dark forest to the usual 0.11 (B1) and 0.08 (B3) at the top of atmosphere.
PATH = np.array(
    [0.092, 0.066, 0.04, 0.026, 0.021, 0.018, 0.015, 0.013, 0.011, 0.005,
     0.0012, 0.004, 0.002],
    np.float32,
)  # fmt: skip
TRANSMITTANCE = np.array(
    [0.76, 0.8, 0.84, 0.88, 0.88, 0.89, 0.91, 0.91, 0.93, 0.3, 0.001, 0.94,
     0.91],
    np.float32,
)  # fmt: skip
# Thick water cloud: white up to the near infrared, darker in the short-wave
# infrared; B10 sees only what is high above the water vapour.
CLOUD = np.array(
    [0.72, 0.7, 0.68, 0.68, 0.69, 0.7, 0.71, 0.71, 0.72, 0.45, 0.06, 0.45,
     0.34],
    np.float32,
)  # fmt: skip


@dataclass(frozen=True)
class Clouds:
    """Clouds over a piece of land.

    Attributes:
        opacity: (H, W) float32, 0 clear to 1 opaque.
        shadow: (H, W) float32, 0 sunlit to 1 umbra.
    """

    opacity: np.ndarray
    shadow: np.ndarray


def draw_clouds(
    rng: np.random.Generator, shape: Shape, cover: float
) -> Clouds:
    """Draw thick clouds and their shadows.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        cover: Share of the area that is to lie under cloud, above 0.
    """
    shift = rng.integers(6, 18, 2)  # 60 to 180 m per axis
    padded = tuple(n + s for n, s in zip(shape, shift, strict=True))
    thickness = smooth_field(rng, padded, 22, 2.0)
    seen = thickness[shift[0] :, shift[1] :]
    limit = np.quantile(seen, 1 - cover)
    opacity = np.clip((thickness - limit) / 0.5 + 0.5, 0, 1)
    rows, columns = shape
    return Clouds(
        opacity=opacity[shift[0] :, shift[1] :],
        shadow=opacity[:rows, :columns],
    )


def observe_optical(
    rng: np.random.Generator,
    land: Landscape,
    season: str,
    clouds: Clouds | None,
    separability: float = 1.0,
    region: Region = HOME,
) -> np.ndarray:
    """Take a Sentinel-2 image.

    Args:
        rng: Source of randomness.
        land: What is on the ground.
        season: One of ``GREENNESS``.
        clouds: None: the sky is clear.
        separability: See ``SensorDifferences``.
        region: Its sun, air, plants and calibration.

    Returns:
        (13, H, W) uint16, top-of-atmosphere reflectance x 10000.
    """
    types = draw_together(mixtures(), 'optical', separability)
    ground = _ground(rng, land, _season(types, season, rng, region))
    ground *= np.float32(region.sun)
    haze = region.haze * rng.lognormal(0, 0.08)
    noise = rng.standard_normal(ground.shape, np.float32)
    if clouds is not None:
        shade = 1 - 0.65 * clouds.shadow
        ground *= shade
    path = (PATH * haze)[:, None, None]
    air = (TRANSMITTANCE * math.exp(-0.1 * (haze - 1)))[:, None, None]
    image = path + air * ground
    if clouds is not None:
        image += clouds.opacity * (_cloud_tops(rng, clouds) - image)
    for band, gsd in enumerate(BAND_GSD):
        # Optics and detector smear a pixel over its neighbours.
        image[band] = ndimage.gaussian_filter(
            image[band], 0.045 * gsd + 0.1, mode='nearest', truncate=3
        )
    image *= np.array(region.gains, np.float32)[:, None, None]
    image += noise * (0.0008 + 0.004 * image)
    return np.clip(np.rint(image * 10000), 1, 65535).astype(np.uint16)


def _ground(
    rng: np.random.Generator, land: Landscape, types: np.ndarray
) -> np.ndarray:
    """Reflectance at the ground, (13, H, W) float32."""
    shape = land.label.shape
    fractions = types[land.kind]  # (H, W, parts)
    spread = column('variation')[land.kind]
    lots = land.lot.max() + 1
    pixel = np.where(land.label == Cover.URBAN, 0.7, 0.35).astype(np.float32)
    for part in range(len(COMPONENTS)):
        change = 0.5 * smooth_field(rng, shape, 6)
        change += 0.5 * rng.standard_normal(lots, np.float32)[land.lot]
        change += pixel * rng.standard_normal(shape, np.float32)
        fractions[..., part] *= np.exp(spread * change)
    fractions /= fractions.sum(axis=-1, keepdims=True)
    ground = np.tensordot(component_spectra().T, fractions, (1, 2))
    ground *= rng.normal(1, 0.04)  # sun and view angle
    ground *= 1 + 0.05 * smooth_field(rng, shape, 12)
    return ground


def _season(
    fractions: np.ndarray,
    season: str,
    rng: np.random.Generator,
    region: Region,
) -> np.ndarray:
    usual = GREENNESS[season] * region.greenness
    green = np.clip(usual * rng.normal(1, 0.06), 0.3, 1)
    leaf, litter = (list(COMPONENTS).index(n) for n in ('leaf', 'litter'))
    fractions[:, litter] += (1 - green) * fractions[:, leaf]
    fractions[:, leaf] *= green
    return fractions


def _cloud_tops(rng: np.random.Generator, clouds: Clouds) -> np.ndarray:
    shape = clouds.opacity.shape
    relief = 1 + 0.1 * smooth_field(rng, shape, 10)
    tops = CLOUD * rng.normal(1, 0.08)
    tops[10] *= rng.lognormal(0, 0.5)  # height of the cloud
    return tops[:, None, None] * relief
