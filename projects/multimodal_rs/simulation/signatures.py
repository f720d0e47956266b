"""Signatures of the eight DFC2020 classes in Sentinel-2 and Sentinel-1.

A class consists of one or more cover types (forest: conifers and
broadleaves). A cover type is a mixture of surface components with known
reflectance and has a mean backscatter, so that both sensors see the same
ground.

Reflectance (``COMPONENTS``): bottom of atmosphere, 13 bands in the order of
a Sentinel-2 file. Rounded typical values from general knowledge, of the kind
that the USGS Spectral Library 7 (https://doi.org/10.3133/ds1035) and the
ECOSTRESS library (https://doi.org/10.1016/j.rse.2019.05.015) hold; they were
not compared with these entry by entry. B9 and B10 (945 and 1375 nm) hardly
matter: water vapour absorbs them.

Backscatter (``CoverType.vv``, ``vh``): sigma0 in dB at C band and 30 to 45
degrees of incidence. Means lie inside these ranges, which are rounded from
general knowledge of the Sentinel-1 and ERS/Envisat literature (e.g. Ulaby
and Dobson, "Handbook of Radar Scattering Statistics for Terrain", Artech
House 1989); no page of it was checked for this project.

    class       VV            VH
    forest      -11 .. -6     -17 .. -12
    shrubland   -15 .. -9     -22 .. -15
    grassland   -18 .. -10    -25 .. -17
    wetland     -15 .. -5     -24 .. -13   (bright where stems stand in water)
    cropland    -17 .. -7     -25 .. -13   (crop, state and soil moisture)
    urban       -9 .. +3      -18 .. -6    (double bounce)
    barren      -24 .. -10    -32 .. -18   (smooth sand to rough rock)
    water       -27 .. -12    -34 .. -22   (calm to windy)

What comes out under a clear sky, at the top of the atmosphere (reflectance x
10000 and dB; 160 patches of 128 x 128, seed 0), and the means that are
published for DFC2020, whose standard deviations are 5.3 (VV) and 5.9 dB (VH):

                 B1   B2   B3   B4   B5   B6   B7   B8  B8A   B9 B10  B11  B12
    forest     1130  885  825  576  912 1888 2304 2444 2593  854  14 1480  763
    shrubland  1217 1036 1031  956 1251 1950 2271 2419 2575  852  14 2016 1288
    grassland  1231 1080 1106 1077 1408 2161 2543 2698 2885  943  14 2434 1529
    wetland    1212 1053 1052  986 1275 1950 2291 2439 2578  832  14 2151 1336
    cropland   1276 1157 1199 1213 1499 2156 2491 2632 2803  921  14 2465 1700
    urban      1437 1340 1298 1384 1535 1899 2096 2146 2275  769  14 2187 1761
    barren     1637 1657 1735 1957 2047 2190 2289 2385 2486  824  15 2816 2433
    water      1236 1021  855  603  535  411  396  297  281  140  13  160   73
    DFC2020    1370 1184 1121 1136 1264 1645 1847 1763 1973  583  15 1732 1248

         forest shrub. grass. wetl.  crop. urban barren water      all DFC2020
    VV     -9.0  -12.1  -14.6  -9.2  -12.9  -5.0  -15.1 -19.2    -12.9   -12.5
    VH    -14.5  -17.9  -21.8 -17.4  -19.9 -12.5  -23.4 -26.0    -19.9   -20.2

Note:
    The pairs dense shrub/conifers, wet meadow/meadow and rock/town are made
    alike in the optical bands, grass/cropland and sand/calm water in the SAR
    bands. Such pairs are confused in reality, too; here it is deliberate.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

BANDS = (
    'B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B8A', 'B9', 'B10',
    'B11', 'B12',
)  # fmt: skip
BAND_GSD = (60, 10, 10, 10, 20, 20, 20, 10, 20, 60, 60, 20, 20)  # metres
POLARISATIONS = ('VV', 'VH')


class Cover(IntEnum):
    """Raw label ids of DFC2020 (3 savanna and 8 snow do not occur)."""

    FOREST = 1
    SHRUBLAND = 2
    GRASSLAND = 4
    WETLAND = 5
    CROPLAND = 6
    URBAN = 7
    BARREN = 9
    WATER = 10


# Per cent. fmt: off
COMPONENTS = {
    #                B1  B2  B3  B4  B5  B6  B7  B8  8A  B9 B10 B11 B12
    'leaf': (2, 3, 6, 3, 9, 28, 36, 38, 40, 40, 15, 20, 9),
    'needle': (2, 2, 4, 2, 6, 17, 21, 23, 24, 24, 8, 11, 5),
    'litter': (5, 7, 11, 15, 19, 22, 24, 26, 28, 29, 25, 34, 24),
    'dark soil': (4, 5, 7, 9, 11, 12, 13, 14, 15, 15, 14, 19, 16),
    'bright soil': (12, 15, 21, 27, 30, 32, 33, 35, 36, 37, 36, 43, 39),
    'grey mineral': (8, 9, 10, 11, 12, 13, 13, 13, 14, 14, 14, 16, 15),
    'pale mineral': (17, 20, 23, 26, 27, 27, 28, 29, 29, 30, 29, 33, 32),
    'tile': (6, 7, 10, 18, 21, 23, 25, 26, 27, 28, 28, 34, 32),
    'clear water': (3, 3, 3, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0),
    'turbid water': (5, 6, 8, 7, 6, 3, 3, 2, 2, 1, 0, 1, 0),
    'shade': (1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 1, 1, 1),
}
# fmt: on


@dataclass(frozen=True)
class CoverType:
    """One kind of surface within a class.

    Attributes:
        cover: Its class.
        share: Expected share of the class's area.
        mixture: Mean fractions of the components.
        variation: Standard deviation of the logarithm of each fraction.
        vv: Mean sigma0 in dB.
        vh: Likewise.
        spread: Standard deviation of sigma0 between parcels or stands, dB.
        texture: Standard deviation of sigma0 from pixel to pixel before
            speckle, dB.
    """

    cover: Cover
    share: float
    mixture: dict[str, float]
    variation: float
    vv: float
    vh: float
    spread: float
    texture: float


COVER_TYPES = {
    'conifers': CoverType(
        Cover.FOREST, 0.5,
        {'needle': 0.75, 'leaf': 0.12, 'litter': 0.03, 'shade': 0.1},
        0.35, -8.8, -14.6, 0.9, 0.8,
    ),
    'broadleaves': CoverType(
        Cover.FOREST, 0.5,
        {'leaf': 0.55, 'needle': 0.3, 'litter': 0.04, 'shade': 0.11},
        0.35, -8.3, -13.6, 0.9, 0.8,
    ),
    'dense shrub': CoverType(
        Cover.SHRUBLAND, 0.5,
        {'needle': 0.55, 'leaf': 0.17, 'litter': 0.15, 'dark soil': 0.13},
        0.4, -10.9, -16.8, 1.0, 0.8,
    ),
    'open shrub': CoverType(
        Cover.SHRUBLAND, 0.5,
        {'needle': 0.3, 'leaf': 0.15, 'litter': 0.3, 'dark soil': 0.15,
         'bright soil': 0.1},
        0.4, -12.0, -18.2, 1.0, 0.8,
    ),
    'meadow': CoverType(
        Cover.GRASSLAND, 0.55,
        {'leaf': 0.6, 'litter': 0.28, 'dark soil': 0.12},
        0.4, -13.8, -21.2, 1.2, 0.4,
    ),
    'dry grass': CoverType(
        Cover.GRASSLAND, 0.45,
        {'leaf': 0.3, 'litter': 0.5, 'dark soil': 0.2},
        0.4, -14.6, -22.6, 1.2, 0.4,
    ),
    'wet meadow': CoverType(
        Cover.WETLAND, 0.5,
        {'leaf': 0.55, 'litter': 0.27, 'dark soil': 0.12, 'clear water': 0.06},
        0.4, -9.2, -17.4, 1.5, 0.8,
    ),
    'reed': CoverType(
        Cover.WETLAND, 0.5,
        {'leaf': 0.34, 'litter': 0.38, 'dark soil': 0.12, 'clear water': 0.16},
        0.4, -8.2, -16.6, 1.5, 0.8,
    ),
    'green crop': CoverType(
        Cover.CROPLAND, 0.45, {'leaf': 0.85, 'dark soil': 0.15},
        0.4, -12.2, -19.0, 1.6, 0.4,
    ),
    'ripe crop': CoverType(
        Cover.CROPLAND, 0.25,
        {'litter': 0.64, 'bright soil': 0.3, 'dark soil': 0.06},
        0.4, -12.8, -20.0, 1.6, 0.4,
    ),
    'bare field': CoverType(
        Cover.CROPLAND, 0.3,
        {'dark soil': 0.75, 'bright soil': 0.2, 'litter': 0.05},
        0.4, -12.4, -20.8, 1.6, 0.4,
    ),
    'dense town': CoverType(
        Cover.URBAN, 0.45,
        {'grey mineral': 0.42, 'pale mineral': 0.25, 'tile': 0.17,
         'leaf': 0.06, 'shade': 0.1},
        1.0, -3.6, -11.4, 1.5, 3.5,
    ),
    'suburb': CoverType(
        Cover.URBAN, 0.55,
        {'grey mineral': 0.27, 'pale mineral': 0.1, 'tile': 0.18,
         'leaf': 0.27, 'litter': 0.12, 'shade': 0.06},
        1.0, -6.4, -13.8, 1.5, 3.0,
    ),
    'sand': CoverType(
        Cover.BARREN, 0.45,
        {'bright soil': 0.8, 'dark soil': 0.1, 'pale mineral': 0.1},
        0.4, -18.5, -26.5, 1.8, 0.4,
    ),
    'rock': CoverType(
        Cover.BARREN, 0.55,
        {'grey mineral': 0.45, 'pale mineral': 0.2, 'bright soil': 0.15,
         'dark soil': 0.15, 'litter': 0.05},
        0.7, -12.6, -22.6, 1.3, 1.2,
    ),
    'clear water': CoverType(
        Cover.WATER, 0.6, {'clear water': 0.93, 'turbid water': 0.07},
        0.3, -19.5, -27.5, 0.7, 0.3,
    ),
    'turbid water': CoverType(
        Cover.WATER, 0.4, {'clear water': 0.2, 'turbid water': 0.8},
        0.4, -19.5, -27.5, 0.7, 0.3,
    ),
}  # fmt: skip


# Classes that a sensor can hardly tell apart, and the other one can; see
# SensorDifferences.separability.
ALIKE = {
    'optical': (
        (Cover.FOREST, Cover.SHRUBLAND),
        (Cover.GRASSLAND, Cover.WETLAND),
        (Cover.URBAN, Cover.BARREN),
    ),
    'sar': (
        (Cover.GRASSLAND, Cover.CROPLAND),
        (Cover.BARREN, Cover.WATER),
    ),
}


def component_spectra() -> np.ndarray:
    """Reflectance of the components, (components, 13), 0 to 1."""
    return np.array(list(COMPONENTS.values()), np.float32) / 100


def mixtures() -> np.ndarray:
    """Mean fractions of all cover types, (cover types, components)."""
    return np.array(
        [
            [kind.mixture.get(name, 0.0) for name in COMPONENTS]
            for kind in COVER_TYPES.values()
        ],
        np.float32,
    )


def column(attribute: str) -> np.ndarray:
    """Collect one number of all cover types, (cover types,)."""
    values = [getattr(kind, attribute) for kind in COVER_TYPES.values()]
    return np.array(values, np.float32)


def draw_together(
    table: np.ndarray, sensor: str, separability: float
) -> np.ndarray:
    """Move the means of classes that a sensor can hardly tell apart.

    Args:
        table: (cover types,) or (cover types, n).
        sensor: Key of ``ALIKE``.
        separability: Share of the distance from the mean of their group that
            cover types keep; 1 changes nothing, bit for bit.

    Returns:
        As ``table``.
    """
    if separability == 1:
        return table
    result = table.copy()
    kinds = list(COVER_TYPES.values())
    for group in ALIKE[sensor]:
        own = [i for i, kind in enumerate(kinds) if kind.cover in group]
        shares = [kinds[i].share for i in own]
        mean = np.average(table[own], axis=0, weights=shares)
        result[own] = separability * table[own] + (1 - separability) * mean
    return result
