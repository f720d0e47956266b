"""Reflectance curves of the materials of a town, 0.36 to 1.05 micrometres.

A curve is a sum of a few shapes that reflectance spectra in this range are
made of: a slope, a step (the red edge of leaves), absorptions and maxima of
Gaussian form. Shapes and levels are typical ones from general knowledge, of
the kind that the USGS Spectral Library 7 (https://doi.org/10.3133/ds1035) and
the ECOSTRESS library (https://doi.org/10.1016/j.rse.2019.05.015) hold; they
were not compared with these entry by entry.

Some materials are alike on purpose, as they are in real towns: leaves of
trees and of lawns, shingles and the asphalt of streets, flat roofs and the
concrete of parking lots. Only their height tells them apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FIRST, LAST = 364.0, 1046.0  # nanometres, the range of CASI over Houston


@dataclass(frozen=True)
class Curve:
    """A reflectance curve.

    Attributes:
        level: Reflectance at 360 nm, 0 to 1.
        slope: What is added up to 1050 nm, evenly.
        steps: (wavelength in nm, width in nm, height) of smooth steps.
        bumps: (wavelength, width, height) of Gaussians; negative heights are
            absorptions.
    """

    level: float
    slope: float = 0.0
    steps: tuple[tuple[float, float, float], ...] = ()
    bumps: tuple[tuple[float, float, float], ...] = ()

    def at(self, wavelengths: np.ndarray) -> np.ndarray:
        """Get the reflectance at wavelengths in nm, both (C,)."""
        result = self.level + self.slope * (wavelengths - 360) / 690
        for centre, width, height in self.steps:
            result = result + height / (
                1 + np.exp((centre - wavelengths) / width)
            )
        for centre, width, height in self.bumps:
            distance = (wavelengths - centre) / width
            result = result + height * np.exp(-(distance**2) / 2)
        return np.clip(result, 0.002, 0.95)


def _leaf(edge: float, plateau: float, green: float) -> Curve:
    """A leaf: the red edge, the green maximum, water at 970 nm."""
    return Curve(
        0.025,
        0.01,
        steps=((edge, 11.0, plateau),),
        bumps=(
            (552.0, 28.0, green),
            (675.0, 18.0, -0.012),
            (970.0, 25.0, -0.04 * plateau / 0.45),
        ),
    )


MATERIALS = {
    'lawn': _leaf(718.0, 0.44, 0.075),
    'dry lawn': Curve(
        0.04,
        0.12,
        steps=((708.0, 16.0, 0.22),),
        bumps=((560.0, 40.0, 0.05), (675.0, 22.0, -0.015)),
    ),
    'turf': Curve(  # plastic: green, but no red edge
        0.03,
        0.05,
        steps=((760.0, 35.0, 0.16),),
        bumps=((530.0, 30.0, 0.09),),
    ),
    'foliage': _leaf(719.0, 0.42, 0.066),
    'bare soil': Curve(
        0.06,
        0.24,
        steps=((560.0, 45.0, 0.09),),
        bumps=((880.0, 60.0, -0.02),),
    ),
    'water': Curve(0.055, -0.05, bumps=((540.0, 60.0, 0.03),)),
    'asphalt': Curve(0.07, 0.06),
    'old asphalt': Curve(0.10, 0.08, steps=((520.0, 60.0, 0.02),)),
    'shingle': Curve(0.072, 0.065, steps=((590.0, 50.0, 0.008),)),
    'concrete': Curve(0.16, 0.12, steps=((480.0, 60.0, 0.07),)),
    'flat roof': Curve(0.165, 0.12, steps=((485.0, 60.0, 0.075),)),
    'ballast': Curve(
        0.07,
        0.08,
        steps=((600.0, 40.0, 0.04),),
        bumps=((870.0, 70.0, -0.03),),
    ),
    'cars': Curve(0.2, -0.02, bumps=((470.0, 80.0, 0.04),)),
    'court': Curve(0.05, 0.08, bumps=((500.0, 35.0, 0.06),)),
    'rubber track': Curve(0.04, 0.06, steps=((605.0, 14.0, 0.19),)),
}
NAMES = tuple(MATERIALS)


def wavelengths(bands: int) -> np.ndarray:
    """Centres of equally wide bands in nm, (bands,)."""
    width = (LAST - FIRST) / bands
    return FIRST + width * (np.arange(bands) + 0.5)


def spectra(names: Sequence[str], bands: int) -> np.ndarray:
    """Get the curves of materials, (materials, bands) float32, 0 to 1."""
    where = wavelengths(bands)
    curves = [MATERIALS[name].at(where) for name in names]
    return np.stack(curves).astype(np.float32)


def daylight(bands: int) -> tuple[np.ndarray, np.ndarray]:
    """Get the light of the sun and of the sky, relative to both together.

    The sky is blue: its share falls with the fourth power of the wavelength
    (Rayleigh), to which haze adds a grey part. The shares are free choices.

    Returns:
        Direct and diffuse, (bands,) float32, their sum 1.
    """
    where = wavelengths(bands)
    diffuse = 0.22 * (450 / where) ** 4 + 0.06
    diffuse = np.minimum(diffuse, 0.6)
    return (1 - diffuse).astype(np.float32), diffuse.astype(np.float32)
