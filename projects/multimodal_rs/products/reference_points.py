"""What is known about the ground: a table of points."""

import csv
import math
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError

from multimodal_rs.datasets.io.correspondence import (
    around_the_earth,
    converted,
)
from multimodal_rs.datasets.io.grid import Grid, same_crs
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import place
from multimodal_rs.products.reference import OutOfReachError, unknown_numbers
from multimodal_rs.utils.damage import damaged, reading
from multimodal_rs.utils.labels import IGNORED

COLUMNS = ('x', 'y', 'class')
SYSTEM = 'crs'  # a column that may be there
ENDING = '.csv'
# What becomes of a point; of several maps the first of these counts.
FATES = (
    'compared',
    f'of class {IGNORED}',
    'where the map has no class',
    'outside of the map',
    'without x or y',
)
SEVERAL = (
    *FATES[:2],
    'where no map has a class',
    'outside of all maps',
    FATES[-1],
)


def is_table(path: str | os.PathLike) -> bool:
    """Whether a reference is a table of points, by its name."""
    return os.fspath(path).lower().endswith(ENDING)


class Pair(NamedTuple):
    """What points say, and what a map says there.

    Attributes:
        truth: (N,) numbers of the classes; only of points that count.
        mapped: (N,) likewise, in the map.
        fates: (N,) of all points, by their places in :data:`FATES`.
    """

    truth: np.ndarray
    mapped: np.ndarray
    fates: np.ndarray


class Points:
    """A table of points where the class is known.

    Args:
        path: CSV with the columns ``x``, ``y`` and ``class``, a number or a
            name. A column ``crs`` names the reference system of each point
            (``EPSG:4326``, x is the longitude then); without it, that is the
            map's.

    Attributes:
        path: Of the file.
        places: (N, 2) x and y; NaN where the table has none.
        placed: Whether the table says in which reference systems they are.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such table.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = os.fspath(path)
        expected = f'a CSV with the columns {", ".join(COLUMNS)}'
        with (
            reading(self.path, expected),
            open(self.path, encoding='utf-8-sig', newline='') as file,
        ):
            reader = csv.DictReader(file)
            rows = [(reader.line_num, row) for row in reader]
            if not rows or set(COLUMNS) - set(rows[0][1]):
                found = list(rows[0][1]) if rows else 'no rows'
                raise damaged(self.path, f'it has {found}', expected)
        self._lines = [line for line, _ in rows]
        self._words = [(row['class'] or '').strip() for _, row in rows]
        self.places = np.array(
            [[self._coordinate(*row, name) for name in 'xy'] for row in rows]
        )
        self.placed = SYSTEM in rows[0][1]
        # By their names: the points of each, (N,).
        self._systems = self._read_systems(rows) if self.placed else {}

    def classes(
        self,
        names: Mapping[str, int],
        ids: Mapping[int, int],
        chosen: bool = False,
    ) -> np.ndarray:
        """Get the number of the class of every point, (N,); 255: none.

        Args:
            names: Name -> number of the class in the map.
            ids: Number in the table -> number of the class in the map; 255
                is no class unless it is one of them.
            chosen: Whether a person has named these numbers, which then
                count more than names that are numbers.

        Raises:
            ValueError: If the class of a point is none of both, or may be
                either; with its line.
        """
        known = {IGNORED: IGNORED, **ids}
        if chosen:
            numbers = {*map(str, ids)}
            names = {
                name: n for name, n in names.items() if name not in numbers
            }
        return np.array(
            [
                self._class_of(line, word, names, known)
                for line, word in zip(self._lines, self._words, strict=True)
            ]
        )

    def _class_of(
        self,
        line: int,
        word: str,
        names: Mapping[str, int],
        known: Mapping[int, int],
    ) -> int:
        """Get the number of a class by its name, or by another number."""
        number = _whole(word)
        own = names.get(word)
        if own is not None and known.get(number, own) != own:
            raise ValueError(
                f'reference {self.path}, line {line}: the class {word!r} is '
                f'the name of class {own} of the map, and the number of '
                f'another: say which it is, `--reference-ids {word}={own} '
                f'...` for the first, `{word}={known[number]} ...` for the '
                'second'
            )
        if own is not None:
            return own
        if number is None:
            raise ValueError(
                f'reference {self.path}, line {line}: the class {word!r} is '
                'neither a whole number nor the name of a class of the map, '
                f'expected one of {list(names)}: correct the name, or write a '
                'number and say which class it is, `--reference-ids '
                'NUMBER=CLASS ...`, CLASS 255 for none'
            )
        if number not in known:
            where = f'{self.path}, line {line}'
            raise unknown_numbers(where, [number], known)
        return known[number]

    def pixels(self, grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the row and the column of each, and whether it is inside.

        Args:
            grid: Of the map.

        Returns:
            Three times (N,); rows and columns of points outside are 0.

        Raises:
            ValueError: If the points have a reference system and it has none,
                or that of one cannot be converted.
        """
        height, width = grid.size
        places = self._on(grid)
        x, y = np.where(np.isfinite(places), places, math.nan).T
        circle = math.inf if grid.crs is None else around_the_earth(grid.crs)
        if math.isfinite(circle):  # longitudes as the map counts them
            middle, _ = place(grid.transform, width / 2, height / 2)
            x = x - circle * np.round((x - middle) / circle)
        columns, rows = place(~grid.transform, x, y)
        inside = (rows >= 0) & (rows < height)
        inside &= (columns >= 0) & (columns < width)
        rows, columns = (
            np.where(inside, n, 0).astype(np.int64) for n in (rows, columns)
        )
        return rows, columns, inside

    def check_place(self, grid: Grid) -> None:
        """See that a point lies inside of a map.

        Raises:
            OutOfReachError: If none does, with the bounds of both.
            ValueError: Likewise, if none has x and y.
        """
        if self.pixels(grid)[2].any():
            return
        placed = self._on(grid)[self._has_place]
        own = _span(*placed.T) if len(placed) else 'nothing, without x and y'
        height, width = grid.size
        corners = np.array([(0, 0), (width, 0), (0, height), (width, height)])
        map_span = _span(*place(grid.transform, *corners.T))
        system = 'no known reference system' if grid.crs is None else grid.crs
        kind = OutOfReachError if len(placed) else ValueError
        advice = (
            'they are points of another place'
            if self.placed
            else 'give the points in that reference system, or name theirs '
            f'in a column {SYSTEM}'
        )
        raise kind(
            f'reference {self.path}: none of {len(self.places)} points lies '
            f'on the map: they cover {own}, the map {map_span} ({system}): '
            f'{advice}'
        )

    @property
    def _has_place(self) -> np.ndarray:
        return np.isfinite(self.places).all(axis=1)

    def _read_systems(
        self, rows: Sequence[tuple[int, Mapping[str, str | None]]]
    ) -> dict[CRS, np.ndarray]:
        """Find the points of every reference system, (N,) each."""
        words = [(row[SYSTEM] or '').strip() for _, row in rows]
        systems = {}
        for word in dict.fromkeys(words):
            here = np.array([other == word for other in words])
            here &= self._has_place
            if not here.any():
                continue
            try:
                crs = CRS.from_user_input(word)
            except CRSError:
                raise ValueError(
                    f'reference {self.path}, line '
                    f'{self._lines[here.argmax()]}: expected the reference '
                    f'system of the point as {SYSTEM}, as EPSG:4326, got '
                    f'{word!r}: correct the table'
                ) from None
            systems[crs] = systems.get(crs, False) | here
        return systems

    def _on(self, grid: Grid) -> np.ndarray:
        """Bring x and y to the reference system of a map, (N, 2).

        NaN where the table has none, infinite where that system has none.
        """
        if self.placed and grid.crs is None:
            raise ValueError(
                f'reference {self.path}: the points have reference systems, '
                'the map has none: give it one with `rio edit-info --crs '
                'EPSG:... MAP`'
            )
        places = self.places.copy()
        for crs, here in self._systems.items():
            if same_crs(crs, grid.crs):
                continue
            try:
                moved = converted(crs, grid.crs, *self.places[here].T)
            except CRSError as error:
                raise ValueError(
                    f'reference {self.path}, line '
                    f'{self._lines[here.argmax()]}: the reference system of '
                    f'the point, {crs}, cannot be converted to that of the '
                    f'map, {grid.crs} ({error}): correct the column {SYSTEM}'
                ) from error
            places[here] = np.transpose(moved)
        return places

    def compare(
        self, land: ClassMap, ids: Mapping[int, int], chosen: bool
    ) -> Pair:
        """Read what a map says at the points.

        Args:
            land: The map.
            ids: Number in the table -> number of the class in the map.
            chosen: As of :meth:`classes`.

        Raises:
            OutOfReachError: If no point lies on the map.
            ValueError: If a class is unknown.
        """
        names = {land.name(n): n for n in land.numbers}
        truth = self.classes(names, ids, chosen)
        self.check_place(land.grid)
        rows, columns, inside = self.pixels(land.grid)
        mapped = np.zeros(len(truth), np.uint16)
        mapped[inside] = land.at(rows[inside], columns[inside])
        empty = mapped == land.nodata
        reasons = [~self._has_place, ~inside, empty, truth == IGNORED]
        fates = np.select(reasons, [4, 3, 2, 1], 0)
        known = fates == 0
        return Pair(truth[known], mapped[known], fates)

    def _coordinate(
        self, line: int, row: Mapping[str, str | None], name: str
    ) -> float:
        """Read x or y of a line; NaN where it has none."""
        text = (row[name] or '').strip()
        try:
            number = float(text or 'nan')
        except ValueError:
            raise ValueError(
                f'reference {self.path}, line {line}: expected a number as '
                f'{name}, got {text!r}: correct the table'
            ) from None
        return number if math.isfinite(number) else math.nan


def left_out(fates: np.ndarray, names: Sequence[str] = FATES) -> str:
    """Say which points do not count, in a line of text; '': all do.

    Args:
        fates: (N,) as of :class:`Pair`, or of several maps the smallest.
        names: Of the fates.
    """
    counts = np.bincount(fates, minlength=len(names)).tolist()
    pairs = list(zip(counts, names, strict=True))[:0:-1]
    words = ', '.join(f'{count} {fate}' for count, fate in pairs if count)
    if not words:
        return ''
    total = f'{sum(counts[1:])} of {len(fates)}'
    return f'Points that do not count: {total}: {words}\n'


def _whole(word: str) -> int | None:
    """Read a whole number, also one that a program has written as 1.0."""
    try:
        number = float(word)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None


def _span(x: np.ndarray, y: np.ndarray) -> str:
    return (
        f'x {x.min():.8g} to {x.max():.8g} and y {y.min():.8g} to '
        f'{y.max():.8g}'
    )
