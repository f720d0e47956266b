"""Sentinel-1 GRD of a landscape: backscatter, speckle, noise, swath edge."""

import math

import numpy as np
from scipy import ndimage

from multimodal_rs.simulation.differences import (
    NO_DIFFERENCES,
    SensorDifferences,
    lean,
)
from multimodal_rs.simulation.fields import (
    Shape,
    rotated_grid,
    smooth_field,
)
from multimodal_rs.simulation.landscape import Landscape
from multimodal_rs.simulation.regions import HOME, Region
from multimodal_rs.simulation.signatures import (
    Cover,
    column,
    draw_together,
)

# IW GRD, high resolution: 20 x 22 m on a 10 m grid, equivalent number of
# looks 4.4 (CLS 2016, as cited by the S1-NRB documentation); here 4, so that
# speckle is the sum of 4 looks. ESA specifies a noise floor of -22 dB or
# lower; what remains after thermal noise correction is a free choice. With it
# the 1st percentile of VH is -31 dB; DFC2020's validation part has -34 dB.
LOOKS = 4
NOISE_DB = -31.0
PSF = 0.6  # sigma in pixels


def to_power(decibel: np.ndarray | float) -> np.ndarray | float:
    """dB to linear power."""
    return 10 ** (decibel / 10)


def to_decibel(power: np.ndarray) -> np.ndarray:
    """Linear power to dB."""
    return 10 * np.log10(power)


def speckle(
    rng: np.random.Generator, shape: Shape, looks: int = LOOKS
) -> np.ndarray:
    """Draw multi-look speckle, (H, W) float32, mean 1, variance 1 / looks.

    Each look is the squared magnitude of a circular Gaussian field, so the
    sum is gamma distributed. The field is smoothed before squaring, because
    a pixel (10 m) is smaller than the resolution cell (about 20 m):
    neighbours are correlated.
    """
    total = np.zeros(shape, np.float32)
    padded = (shape[0] + 1, shape[1] + 1)
    for _ in range(2 * looks):  # real and imaginary parts
        field = rng.standard_normal(padded, np.float32)
        field = field[1:] + 0.6 * field[:-1]
        field = field[:, 1:] + 0.6 * field[:, :-1]
        total += field * field
    return total / np.float32(2 * looks * (1 + 0.6**2) ** 2)


def observe_sar(
    rng: np.random.Generator,
    land: Landscape,
    outside: np.ndarray | None,
    differences: SensorDifferences = NO_DIFFERENCES,
    region: Region = HOME,
) -> np.ndarray:
    """Take a Sentinel-1 image.

    Args:
        rng: Source of randomness.
        land: What is on the ground.
        outside: (H, W) bool, True outside the swath. None: nothing is.
        differences: Its layover and separability; the land has been
            displaced and dilated before.
        region: Its calibration and looks.

    Returns:
        (2, H, W) float32, sigma0 of VV and VH in dB, NaN outside the swath.
    """
    noise = np.float32(to_power(NOISE_DB))
    image = []
    backscatter = _backscatter(rng, land, differences.separability)
    for sigma0, offset in zip(backscatter, region.offset, strict=True):
        power = to_power(sigma0 + np.float32(offset))
        if differences.layover:
            power = lean(power, land, differences.layover)
        power = ndimage.gaussian_filter(power, PSF, mode='nearest')
        grain = speckle(rng, power.shape, region.looks)
        image.append(to_decibel((power + noise) * grain))
    image = np.stack(image).astype(np.float32)
    if outside is not None:
        image[:, outside] = np.nan
    return image


def _backscatter(
    rng: np.random.Generator, land: Landscape, separability: float
) -> tuple[np.ndarray, np.ndarray]:
    """Mean sigma0 in dB before speckle, (VV, VH), each (H, W)."""
    shape = land.label.shape
    # Shared by both polarisations: soil moisture, biomass, wind on water.
    common = 0.6 * smooth_field(rng, shape, 12)
    common += 0.8 * rng.standard_normal(land.lot.max() + 1)[land.lot]
    common = column('spread')[land.kind] * common
    common += column('texture')[land.kind] * rng.standard_normal(shape)
    common += rng.normal(0, 0.4)
    wind = rng.normal(0, 2.5)
    common += np.where(land.label == Cover.WATER, wind, 0)
    own = 0.5 * rng.standard_normal(land.lot.max() + 1)[land.lot]
    vv, vh = (
        draw_together(column(name), 'sar', separability)[land.kind] + common
        for name in ('vv', 'vh')
    )
    vh = vh + own
    return vv.astype(np.float32), vh.astype(np.float32)


def draw_wedge(
    rng: np.random.Generator, shape: Shape, share: float
) -> np.ndarray:
    """Cut the edge of the swath through an image, (H, W) bool.

    Args:
        rng: Source of randomness.
        shape: (H, W).
        share: Share of the area that is outside, which is True.
    """
    _, across = rotated_grid(
        shape, rng.choice([0, 0.5, 1, 1.5]) * math.pi + rng.normal(0, 0.2)
    )
    return across > np.quantile(across, 1 - share)
