"""Label maps that look like land: rivers, fields, towns and wilderness."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, special

from multimodal_rs.simulation.fields import (
    Shape,
    choose,
    lots,
    number,
    rotated_grid,
    smooth_field,
    smooth_line,
)
from multimodal_rs.simulation.regions import HOME, Region
from multimodal_rs.simulation.signatures import COVER_TYPES, Cover

WILD = (Cover.FOREST, Cover.SHRUBLAND, Cover.GRASSLAND, Cover.BARREN)


@dataclass(frozen=True)
class Landscape:
    """Ground truth of one piece of land, 10 m per pixel.

    Attributes:
        label: (H, W) int32, raw DFC2020 ids.
        kind: (H, W) int32, index of the cover type in ``COVER_TYPES``.
        lot: (H, W) int32, number of the field or of the block of houses; for
            all other land one number per class.
    """

    label: np.ndarray
    kind: np.ndarray
    lot: np.ndarray


def draw_landscape(
    rng: np.random.Generator, shape: Shape, region: Region = HOME
) -> Landscape:
    """Draw a piece of land.

    Every piece has its own character: how wild, wet and settled it is. The
    region says how they are on average.
    """
    label = _wilderness(rng, shape, region)
    parcels = _parcels(rng, shape)
    _add_farmland(rng, label, parcels, region)
    _add_water(rng, label, region)
    blocks = lots(rng, shape, rng.uniform(4, 6), rng.uniform(4, 8))
    _add_towns(rng, label, region)
    lot = label.copy()
    farmed = label == Cover.CROPLAND
    lot[farmed] = 20 + parcels[farmed]
    built = label == Cover.URBAN
    lot[built] = 20 + parcels.max() + 1 + blocks[built]
    return Landscape(label, _cover_types(rng, label, lot), lot)


def _wilderness(
    rng: np.random.Generator, shape: Shape, region: Region
) -> np.ndarray:
    scores = [
        smooth_field(rng, shape, 30) + rng.normal(bias, 0.5)
        for bias in region.wild
    ]
    ids = np.array(WILD, np.int32)
    return ids[np.argmax(scores, axis=0)]


def _parcels(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Divide the ground among two villages with fields of their own kind."""
    one, other = (
        lots(rng, shape, rng.uniform(8, 16), rng.uniform(14, 30))
        for _ in range(2)
    )
    first = smooth_field(rng, shape, 60) > -0.3
    return number(np.where(first, one, one.max() + 1 + other))


def _add_farmland(
    rng: np.random.Generator,
    label: np.ndarray,
    parcels: np.ndarray,
    region: Region,
) -> None:
    """Turn whole parcels into cropland, meadows and a few woods."""
    count = parcels.max() + 1
    suited = smooth_field(rng, label.shape, 45) + rng.normal(
        region.farmed, 0.7
    )
    numbers = np.arange(count)
    farmed = ndimage.mean(suited, parcels, numbers) > 0.3
    use = choose(rng.random(count), [0.8, 0.13, 0.07])
    covers = np.array([Cover.CROPLAND, Cover.GRASSLAND, Cover.FOREST])
    where = farmed[parcels]
    label[where] = covers[use][parcels][where]


def _add_water(
    rng: np.random.Generator, label: np.ndarray, region: Region
) -> None:
    """Flood the low ground, cut a river, and make their banks wet."""
    shape = label.shape
    relief = smooth_field(rng, shape, 45, 3.0)
    height = 12 * (relief + rng.normal(region.ground, 0.5))
    if rng.random() > 0.5 ** (min(shape) / 128):
        height = np.minimum(height, _above_river(rng, shape))
    damp = smooth_field(rng, shape, 25) + rng.normal(0.1, 0.4)
    # Height in pixels of bank: flat banks are wet up to some 150 m.
    label[(height > 0) & (height < 9 * damp + 2)] = Cover.WETLAND
    sandy = smooth_field(rng, shape, 20) > 1.2
    label[(height > 0) & (height < 4) & sandy] = Cover.BARREN
    label[height <= 0] = Cover.WATER


def _above_river(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    along, across = rotated_grid(shape, rng.uniform(0, math.pi))
    reach = int(math.hypot(*shape)) + 2
    course = 12 * smooth_line(rng, reach, 25) + 3 * smooth_line(rng, reach, 8)
    course += rng.uniform(-0.3, 0.3) * min(shape)
    width = rng.uniform(1.5, 6) * np.exp(0.2 * smooth_line(rng, reach, 20))
    stations = np.arange(reach) - reach / 2
    axis = np.interp(along, stations, course)
    return np.abs(across - axis) - np.interp(along, stations, width)


def _add_towns(
    rng: np.random.Generator, label: np.ndarray, region: Region
) -> None:
    """Build compact towns and villages on dry land."""
    rows, columns = np.indices(label.shape)
    ragged = 0.35 * smooth_field(rng, label.shape, 8)
    size = label.shape[0] * label.shape[1]
    for _ in range(rng.poisson(region.towns * size / 128**2)):
        row, column = (rng.uniform(0, n) for n in label.shape)
        radius = rng.lognormal(math.log(13), 0.5)
        stretch = rng.uniform(0.7, 1.4)
        distance = np.hypot(
            (rows - row) * stretch, (columns - column) / stretch
        )
        town = distance / radius + ragged < 1
        town &= (label != Cover.WATER) & (label != Cover.WETLAND)
        label[town] = Cover.URBAN


def _cover_types(
    rng: np.random.Generator, label: np.ndarray, lot: np.ndarray
) -> np.ndarray:
    """Choose a cover type: per field and block, else in large stands."""
    stands = 0.75 * smooth_field(rng, label.shape, 18)
    chance = special.ndtr(stands + rng.normal(0, 0.66))
    by_lot = rng.random(lot.max() + 1)[lot]
    kinds = list(COVER_TYPES.values())
    result = np.empty(label.shape, np.int32)
    for cover in Cover:
        own = [i for i, kind in enumerate(kinds) if kind.cover == cover]
        where = label == cover
        source = by_lot if cover == Cover.CROPLAND else chance
        if cover == Cover.WATER:  # one kind per piece of land
            source = np.full(label.shape, rng.random())
        picked = choose(source[where], [kinds[i].share for i in own])
        result[where] = np.array(own)[picked]
    return result
