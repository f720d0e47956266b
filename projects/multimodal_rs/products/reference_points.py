"""What is known about the ground: a table of points."""

import csv
import os
from collections.abc import Mapping

import numpy as np

from multimodal_rs.datasets.label import translate
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import place
from multimodal_rs.products.reference import SHOWN, unknown_numbers
from multimodal_rs.utils.damage import damaged, reading
from multimodal_rs.utils.labels import IGNORED

COLUMNS = ('x', 'y', 'class')


def reference_points(
    land: ClassMap, path: str | os.PathLike, ids: Mapping[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Read points and what the map says there.

    Args:
        land: The map.
        path: CSV with the columns ``x`` and ``y``, in the reference system of
            the map, and ``class``, a number or a name.
        ids: Number in the reference -> number of the class in the map.

    Returns:
        Numbers of the true classes, and of those in the map, (N,) each; only
        points where both say something.

    Raises:
        ValueError: If the table cannot be understood, or no point lies on
            the map.
    """
    path = os.fspath(path)
    expected = f'a CSV with the columns {", ".join(COLUMNS)}'
    names = {land.name(n): n for n in land.numbers}
    with reading(path, expected), open(path, encoding='utf-8-sig') as file:
        lines = list(csv.DictReader(file))
        if not lines or set(COLUMNS) - set(lines[0]):
            found = list(lines[0]) if lines else 'no rows'
            raise damaged(path, f'it has {found}', expected)
        places = [(float(row['x']), float(row['y'])) for row in lines]
        words = [row['class'].strip() for row in lines]
        numbers = np.array([names[w] if w in names else int(w) for w in words])
    by_number = np.array([w not in names for w in words])
    truth = numbers.copy()
    truth[by_number] = _translated(numbers[by_number], ids, path)
    rows, columns, inside = _pixels(land, np.array(places))
    mapped = np.zeros(len(truth), np.uint16)
    mapped[inside] = land.at(rows[inside], columns[inside])
    known = inside & (truth != IGNORED)
    if land.nodata is not None:
        known &= mapped != land.nodata
    if not known.any():
        raise ValueError(
            f'reference {path}: none of {len(lines)} points lies on a pixel '
            f'with a class, the map covers {tuple(land.file.bounds)} in '
            f'{land.grid.crs}: give the points in that reference system'
        )
    return truth[known], mapped[known]


def _translated(
    numbers: np.ndarray, ids: Mapping[int, int], path: str
) -> np.ndarray:
    classes, known = translate(numbers, {**ids, IGNORED: IGNORED})
    unknown = np.unique(numbers[~known])
    if unknown.size:
        raise unknown_numbers(path, unknown[:SHOWN].tolist(), ids)
    return classes


def _pixels(
    land: ClassMap, places: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find rows and columns of places (N, 2), and whether they are inside."""
    columns, rows = place(~land.grid.transform, *places.T)
    height, width = land.grid.size
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = (
        np.where(inside, n, 0).astype(np.int64) for n in (rows, columns)
    )
    return rows, columns, inside
