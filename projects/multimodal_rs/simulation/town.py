"""A town of 15 classes, block by block: materials, heights, labels.

The classes are those of Houston2013. A town is cut into square blocks with
streets between them; a motorway and a railway cross it from left to right.
Each block has a use (houses, shops, park, sports, field). Uses are dealt so
that the part for training and the part for testing have all of them.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from multimodal_rs.simulation.fields import Shape, smooth_field
from multimodal_rs.simulation.reflectance import NAMES

BLOCK = 40  # pixels of 2.5 m
TRAINING_SHARE = 0.4  # of the columns of blocks, those on the left


class Use(IntEnum):
    """Classes, with the numbers in the label files of Houston2013."""

    HEALTHY_GRASS = 1
    STRESSED_GRASS = 2
    SYNTHETIC_GRASS = 3
    TREES = 4
    SOIL = 5
    WATER = 6
    RESIDENTIAL = 7
    COMMERCIAL = 8
    ROAD = 9
    HIGHWAY = 10
    RAILWAY = 11
    PARKING_LOT_1 = 12
    PARKING_LOT_2 = 13
    TENNIS_COURT = 14
    RUNNING_TRACK = 15


MATERIAL = {
    Use.HEALTHY_GRASS: 'lawn',
    Use.STRESSED_GRASS: 'dry lawn',
    Use.SYNTHETIC_GRASS: 'turf',
    Use.TREES: 'foliage',
    Use.SOIL: 'bare soil',
    Use.WATER: 'water',
    Use.RESIDENTIAL: 'shingle',
    Use.COMMERCIAL: 'flat roof',
    Use.ROAD: 'asphalt',
    Use.HIGHWAY: 'old asphalt',
    Use.RAILWAY: 'ballast',
    Use.PARKING_LOT_1: 'asphalt',
    Use.PARKING_LOT_2: 'concrete',
    Use.TENNIS_COURT: 'court',
    Use.RUNNING_TRACK: 'rubber track',
}
PARKED = {Use.PARKING_LOT_1: 0.1, Use.PARKING_LOT_2: 0.25}  # share of cars


@dataclass(frozen=True)
class Town:
    """The truth of one scene.

    Attributes:
        use: (H, W) int32, numbers of :class:`Use`.
        material: (H, W) int32, positions in ``reflectance.NAMES``.
        height: (H, W) float32, of roofs and crowns above the ground, metres.
        lot: (H, W) int32, number of the roof, lawn, ...: what looks alike.
        training: (H, W) bool, the part that may be labelled for training.
    """

    use: np.ndarray
    material: np.ndarray
    height: np.ndarray
    lot: np.ndarray
    training: np.ndarray


class _Draft:
    """A town that is being drawn."""

    def __init__(self, shape: Shape) -> None:
        self.use = np.full(shape, Use.ROAD, np.int32)
        self.height = np.zeros(shape, np.float32)
        self.lot = np.zeros(shape, np.int32)
        self.lots = 0

    def fill(
        self,
        use: Use,
        rows: tuple[float, float],
        columns: tuple[float, float],
        height: float = 0.0,
    ) -> None:
        """Fill a rectangle, half open, with one use as one lot."""
        place = tuple(
            slice(max(round(a), 0), round(b)) for a, b in (rows, columns)
        )
        self.lots += 1
        self.use[place] = use
        self.height[place] = height
        self.lot[place] = self.lots


def draw_town(rng: np.random.Generator, shape: Shape) -> Town:
    """Draw a town.

    Args:
        rng: Source of randomness.
        shape: (H, W), at least 2 x 6 blocks.

    Raises:
        ValueError: If it is too small for all uses in both parts.
    """
    down, across = (n // BLOCK for n in shape)
    split = round(TRAINING_SHARE * across)
    kinds = (_houses, _shops, _park, _sports, _field)
    if down * split < len(kinds):
        raise ValueError(
            f'a town of (H, W) {shape} has {down} x {split} blocks of {BLOCK} '
            f'pixels for training, expected at least {len(kinds)} in all, one '
            'for each use: draw a larger one'
        )
    draft = _Draft(shape)
    for columns in (range(split), range(split, across)):
        places = [(row, column) for row in range(down) for column in columns]
        rng.shuffle(places)
        for i, (row, column) in enumerate(places):
            kinds[i % len(kinds)](rng, draft, row * BLOCK, column * BLOCK)
    _add_lines(rng, draft)
    training = np.zeros(shape, bool)
    training[:, : split * BLOCK] = True
    return Town(
        draft.use,
        _materials(rng, draft.use),
        _rough(rng, draft),
        draft.lot,
        training,
    )


def _houses(
    rng: np.random.Generator, draft: _Draft, top: int, left: int
) -> None:
    """Rows of houses on lawns, with trees between them."""
    inner = BLOCK - 3
    draft.fill(
        Use.HEALTHY_GRASS, (top + 3, top + inner), (left + 3, left + inner)
    )
    for row in range(top + 5, top + inner - 6, 9):
        for column in range(left + 4, left + inner - 6, 9):
            depth, width = rng.uniform(4.6, 6.6, 2)
            rows, columns = (row, row + depth), (column, column + width)
            draft.fill(Use.RESIDENTIAL, rows, columns, rng.uniform(4, 7.5))
            if rng.random() < 0.6:
                _crown(rng, draft, row + 1, column + 7.5)


def _shops(
    rng: np.random.Generator, draft: _Draft, top: int, left: int
) -> None:
    """A large flat roof between two kinds of parking lots."""
    draft.fill(Use.PARKING_LOT_1, (top + 3, top + 19), (left + 3, left + 15))
    draft.fill(Use.PARKING_LOT_2, (top + 21, top + 37), (left + 3, left + 15))
    for rows in ((top + 3, top + 18), (top + 20, top + 37)):
        draft.fill(
            Use.COMMERCIAL, rows, (left + 17, left + 36), rng.uniform(6, 18)
        )


def _park(
    rng: np.random.Generator, draft: _Draft, top: int, left: int
) -> None:
    """A lawn with a pond and groups of trees."""
    draft.fill(Use.HEALTHY_GRASS, (top + 2, top + 38), (left + 2, left + 38))
    row, column = rng.integers(4, 20, 2)
    draft.fill(
        Use.WATER,
        (top + row, top + row + 12),
        (left + column, left + column + 14),
    )
    for _ in range(14):
        row, column = rng.uniform(5, 35, 2)
        _crown(rng, draft, top + row, left + column)


def _sports(
    rng: np.random.Generator, draft: _Draft, top: int, left: int
) -> None:
    """A track around synthetic turf, tennis courts, a dry lawn."""
    draft.fill(Use.STRESSED_GRASS, (top + 2, top + 38), (left + 2, left + 38))
    draft.fill(Use.RUNNING_TRACK, (top + 4, top + 24), (left + 4, left + 36))
    draft.fill(Use.SYNTHETIC_GRASS, (top + 8, top + 20), (left + 8, left + 32))
    for column in (left + 5, left + 21):
        draft.fill(
            Use.TENNIS_COURT, (top + 27, top + 35), (column, column + 13)
        )


def _field(
    rng: np.random.Generator, draft: _Draft, top: int, left: int
) -> None:
    """Bare soil beside dry grass."""
    border = rng.uniform(15, 25)
    draft.fill(Use.SOIL, (top + 2, top + 38), (left + 2, left + border))
    draft.fill(
        Use.STRESSED_GRASS, (top + 2, top + 38), (left + border, left + 38)
    )
    for _ in range(3):
        _crown(rng, draft, top + rng.uniform(5, 35), left + rng.uniform(5, 35))


def _crown(
    rng: np.random.Generator, draft: _Draft, row: float, column: float
) -> None:
    """A tree: a dome of leaves."""
    radius, height = rng.uniform(1.4, 3.2), rng.uniform(5, 13)
    reach = int(radius + 2)
    rows, columns = (
        np.arange(max(int(x) - reach, 0), min(int(x) + reach, n))
        for x, n in zip((row, column), draft.use.shape, strict=True)
    )
    distance = np.hypot(rows[:, None] - row, columns[None] - column)
    inside = distance < radius
    place = np.ix_(rows, columns)
    free = inside & (draft.use[place] != Use.WATER)
    draft.lots += 1
    dome = height * np.sqrt(np.clip(1 - (distance / radius) ** 2, 0.1, 1))
    for layer, value in (
        (draft.use, Use.TREES),
        (draft.height, dome),
        (draft.lot, draft.lots),
    ):
        layer[place] = np.where(free, value, layer[place])


def _add_lines(rng: np.random.Generator, draft: _Draft) -> None:
    """A motorway and a railway, from left to right along streets."""
    height, width = draft.use.shape
    streets = [BLOCK * n for n in range(height // BLOCK + 1)]
    first, second = rng.choice(len(streets), 2, replace=False)
    for index, use in ((first, Use.HIGHWAY), (second, Use.RAILWAY)):
        middle = float(np.clip(streets[index], 5, height - 5))
        half = 4.0 if use == Use.HIGHWAY else 2.5
        draft.fill(use, (middle - half, middle + half), (0, width))


def _materials(rng: np.random.Generator, use: np.ndarray) -> np.ndarray:
    """Say what lies on top, (H, W); on parking lots cars stand in spots."""
    table = np.zeros(max(Use) + 1, np.int32)
    for kind, name in MATERIAL.items():
        table[kind] = NAMES.index(name)
    material = table[use]
    for kind, share in PARKED.items():
        parked = (use == kind) & (rng.random(use.shape) < share)
        material[parked] = NAMES.index('cars')
    return material


def _rough(rng: np.random.Generator, draft: _Draft) -> np.ndarray:
    """Heights with gables, branches and equipment on roofs."""
    texture = smooth_field(rng, draft.use.shape, 2)
    share = np.zeros(max(Use) + 1, np.float32)
    share[[Use.TREES, Use.RESIDENTIAL, Use.COMMERCIAL]] = (0.2, 0.12, 0.04)
    rough = draft.height * (1 + share[draft.use] * texture)
    return np.maximum(rough, 0).astype(np.float32)
