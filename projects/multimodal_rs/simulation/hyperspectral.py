"""Hyperspectral image, surface model and SAR features of a town."""

import math

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.fields import Shape, smooth_field
from multimodal_rs.simulation.reflectance import NAMES, daylight, spectra
from multimodal_rs.simulation.sar import to_power
from multimodal_rs.simulation.town import Town, Use

GSD = 2.5  # metres
SUN_AZIMUTH, SUN_ELEVATION = math.radians(150), math.radians(42)
PSF = 0.7  # sigma in pixels: what a pixel sees of its neighbours
CLOUD = 0.35  # of the direct light that is left in the shadow of a cloud
LOOKS = 4


def observe_bands(
    rng: np.random.Generator, town: Town, bands: int
) -> np.ndarray:
    """Take a hyperspectral image.

    Materials are mixed by the point spread; each lot has a brightness and a
    tint of its own; buildings, trees and a cloud, which lies over a part that
    is tested, take the direct light away and leave the blue sky.

    Returns:
        (H, W, bands) uint16, reflectance x 10000 as it seems in full light.
    """
    shape = town.use.shape
    pure = spectra(NAMES, bands)
    tilt = np.linspace(-1, 1, bands, dtype=np.float32)
    # Bright or dark, and warmer or colder, lot by lot and within lots.
    lots = rng.standard_normal((2, town.lot.max() + 1)).astype(np.float32)
    within = np.stack([smooth_field(rng, shape, 5) for _ in range(2)])
    bright, warm = 0.07 * lots[:, town.lot] + 0.03 * within
    bright = bright + 0.03 * rng.standard_normal(shape, np.float32)
    direct, diffuse = daylight(bands)
    lit = 1 - cast_shadow(town.height)
    lit *= 1 - (1 - CLOUD) * cloud_shadow(rng, town)
    image = np.empty((*shape, bands), np.uint16)
    for band in range(bands):
        seen = pure[town.material, band]
        seen = seen * np.exp(bright + warm * tilt[band])
        seen *= direct[band] * lit + diffuse[band]
        seen = ndimage.gaussian_filter(seen, PSF, mode='nearest')
        noise = 0.003 + 0.004 * abs(tilt[band]) ** 3  # more at the ends
        seen += noise * rng.standard_normal(shape, np.float32)
        image[..., band] = np.clip(np.rint(1e4 * seen), 0, 65535)
    return image


def cast_shadow(height: np.ndarray) -> np.ndarray:
    """Find where the sun is behind something, (H, W) float32, 0 or 1.

    Args:
        height: (H, W) above the ground, metres.
    """
    shadow = np.zeros(height.shape, bool)
    # Rows run to the south, azimuths from the north by east.
    north, west = math.cos(SUN_AZIMUTH), -math.sin(SUN_AZIMUTH)
    longest = height.max(initial=0) / math.tan(SUN_ELEVATION) / GSD
    for step in range(1, math.ceil(longest) + 1):
        # What stands `step` pixels towards the sun, seen from here.
        offset = (round(north * step), round(west * step))
        towards = ndimage.shift(height, offset, order=0, mode='nearest')
        ray = step * GSD * math.tan(SUN_ELEVATION)
        shadow |= towards > height + ray
    return shadow.astype(np.float32)


def cloud_shadow(rng: np.random.Generator, town: Town) -> np.ndarray:
    """Draw the shadow of a cloud over land that is tested, (H, W), 0 to 1."""
    shape = town.use.shape
    rows, columns = np.indices(shape)
    first = int(town.training[0].sum())
    middle = first + 0.7 * (shape[1] - first)
    distance = np.hypot(
        (rows - 0.4 * shape[0]) / (0.55 * shape[0]),
        (columns - middle) / (0.16 * (shape[1] - first)),
    )
    ragged = distance + 0.25 * smooth_field(rng, shape, 12)
    return (1 / (1 + np.exp((ragged - 1) / 0.08))).astype(np.float32)


def observe_surface(rng: np.random.Generator, town: Town) -> np.ndarray:
    """Make a surface model as LiDAR does, (H, W) float32, metres.

    The ground rises and falls by some metres: heights above the sea do not
    tell roofs from streets, differences between neighbours do.
    """
    shape = town.use.shape
    ground = 15 + 3.0 * smooth_field(rng, shape, 60, 3.0)
    surface = ground + ndimage.gaussian_filter(town.height, 0.5)
    surface += 0.12 * rng.standard_normal(shape)
    return surface.astype(np.float32)


# Mean backscatter of VV and VH in dB, and their coherence.
BACKSCATTER = {
    Use.HEALTHY_GRASS: (-13.5, -20.5, 0.1),
    Use.STRESSED_GRASS: (-14.5, -22.0, 0.1),
    Use.SYNTHETIC_GRASS: (-16.0, -25.0, 0.1),
    Use.TREES: (-8.5, -14.0, 0.05),
    Use.SOIL: (-12.5, -21.5, 0.15),
    Use.WATER: (-20.0, -28.0, 0.2),
    Use.RESIDENTIAL: (-5.5, -13.0, 0.35),
    Use.COMMERCIAL: (-3.5, -14.0, 0.5),
    Use.ROAD: (-16.5, -25.0, 0.2),
    Use.HIGHWAY: (-16.0, -24.5, 0.2),
    Use.RAILWAY: (-9.0, -17.5, 0.3),
    Use.PARKING_LOT_1: (-12.0, -20.0, 0.35),
    Use.PARKING_LOT_2: (-11.0, -19.0, 0.35),
    Use.TENNIS_COURT: (-16.0, -24.0, 0.2),
    Use.RUNNING_TRACK: (-16.5, -25.0, 0.2),
}


def observe_covariance(rng: np.random.Generator, town: Town) -> np.ndarray:
    """Take the covariance of two polarisations, four features per pixel.

    Levels are free choices within what C-band scenes show. Speckle is that
    of a Wishart distribution: the mean over ``LOOKS`` independent samples of
    a complex Gaussian vector with the covariance of the class.

    Returns:
        (H, W, 4) float32: the intensities of VV and VH, and the real and
        imaginary part of their product.
    """
    shape: Shape = town.use.shape
    table = np.zeros((max(Use) + 1, 3), np.float32)
    for use, values in BACKSCATTER.items():
        table[use] = values
    vv, vh, coherence = np.moveaxis(table[town.use], -1, 0)
    lot = 0.8 * rng.standard_normal(town.lot.max() + 1)[town.lot]
    vv, vh = (
        np.sqrt(ndimage.gaussian_filter(to_power(x + lot), PSF))
        for x in (vv, vh)
    )
    total = np.zeros((*shape, 4), np.float32)
    for _ in range(LOOKS):
        one, two = (_complex_normal(rng, shape) for _ in range(2))
        first = vv * one
        second = vh * (coherence * one + np.sqrt(1 - coherence**2) * two)
        product = first * second.conj()
        total[..., 0] += np.abs(first) ** 2
        total[..., 1] += np.abs(second) ** 2
        total[..., 2] += product.real
        total[..., 3] += product.imag
    return total / LOOKS


def _complex_normal(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    parts = rng.standard_normal((2, *shape)) / math.sqrt(2)
    return parts[0] + 1j * parts[1]
