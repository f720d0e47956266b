"""Maps that show the same ground, which counts twice in their sum."""

import itertools
import math
import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from multimodal_rs.datasets.io.grid import TOLERANCE, Grid, same_crs
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import place


class Box(NamedTuple):
    """A part of a map in its reference system.

    Attributes:
        left, right, low, high: Smallest and largest x and y.
        margin: What does not matter, in the same unit.
    """

    left: float
    right: float
    low: float
    high: float
    margin: float

    def overlaps(self, other: 'Box') -> bool:
        """Whether both share more than an edge."""
        margin = max(self.margin, other.margin)
        wide = min(self.right, other.right) - max(self.left, other.left)
        tall = min(self.high, other.high) - max(self.low, other.low)
        return wide > margin and tall > margin


NOTHING = Box(math.inf, -math.inf, math.inf, -math.inf, 0.0)


def overlapping(paths: Sequence[str | os.PathLike]) -> list[tuple[str, str]]:
    """Find pairs of maps that may show the same ground.

    The bounding boxes of the pixels that have a class are compared, of maps
    in one reference system; so there may be pairs that share no pixel. Only
    of maps whose whole boxes overlap the pixels are read.

    Returns:
        Paths of both, in the order of the maps.

    Raises:
        ValueError: If a map is none, or is damaged.
    """
    grids: dict[str, Grid] = {}
    for path in map(os.fspath, paths):
        with ClassMap(path) as land:
            grids[path] = land.grid
    found = []
    for group in _by_system(grids):
        whole = {path: _whole(grids[path]) for path in group}
        pairs = _pairs(whole)
        valid = {path: _valid(path) for path in {*itertools.chain(*pairs)}}
        found += [(a, b) for a, b in pairs if valid[a].overlaps(valid[b])]
    order = list(grids)
    return sorted(found, key=lambda pair: [order.index(p) for p in pair])


def _by_system(grids: dict[str, Grid]) -> list[list[str]]:
    """Group the maps that say where they lie by reference system."""
    groups: list[list[str]] = []
    for path, grid in grids.items():
        if grid.crs is None or not grid.placed:
            continue
        for group in groups:
            if same_crs(grids[group[0]].crs, grid.crs):
                group.append(path)
                break
        else:
            groups.append([path])
    return groups


def _pairs(boxes: dict[str, Box]) -> list[tuple[str, str]]:
    return [
        (first, other)
        for first, other in itertools.combinations(boxes, 2)
        if boxes[first].overlaps(boxes[other])
    ]


def _whole(grid: Grid) -> Box:
    return _box(grid, 0, grid.size[0], 0, grid.size[1])


def _valid(path: str) -> Box:
    """Get the box of the pixels that have a class."""
    with ClassMap(path) as land:
        rows = np.zeros(land.grid.size[0], bool)
        columns = np.zeros(land.grid.size[1], bool)
        for top, numbers in land.strips():
            known = np.ones(numbers.shape, bool)
            if land.nodata is not None:
                known = numbers != land.nodata
            rows[top : top + len(known)] = known.any(axis=1)
            columns |= known.any(axis=0)
        if not rows.any():
            return NOTHING
        (top, bottom), (left, right) = (
            np.flatnonzero(some)[[0, -1]] for some in (rows, columns)
        )
        return _box(land.grid, top, bottom + 1, left, right + 1)


def _box(grid: Grid, top: int, bottom: int, left: int, right: int) -> Box:
    """Get the box of a half-open range of rows and columns."""
    corners = np.array(list(itertools.product((left, right), (top, bottom))))
    x, y = place(grid.transform, *corners.T)
    t = grid.transform
    pixel = min(math.hypot(t.a, t.d), math.hypot(t.b, t.e))
    return Box(x.min(), x.max(), y.min(), y.max(), TOLERANCE * pixel)
