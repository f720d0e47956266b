"""What is known about the ground: a raster, or a table of points."""

import contextlib
import csv
import os
from collections.abc import Iterator, Mapping

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.label import translate
from multimodal_rs.products.class_map import STRIP, ClassMap
from multimodal_rs.products.pixel_area import place
from multimodal_rs.utils.damage import damaged, reading
from multimodal_rs.utils.labels import IGNORED

COLUMNS = ('x', 'y', 'class')
OUTSIDE = -(2**31)  # of the reference, in its place on the map's grid


def reference_strips(
    land: ClassMap, path: str | os.PathLike, ids: Mapping[int, int]
) -> Iterator[np.ndarray]:
    """Read a reference raster strip by strip, as ``land.strips`` reads a map.

    One on another grid is brought to that of the map, nearest pixel.

    Args:
        land: The map.
        path: Raster with one band of class numbers.
        ids: Number in the reference -> number of the class in the map.

    Yields:
        (rows, W) uint8 numbers of the map's classes, 255 where the reference
        says nothing (nodata, NaN).

    Raises:
        ValueError: If it is no such raster, does not say where it lies, or
            has a number that is none of ``ids``.
    """
    path = os.fspath(path)
    expected = 'a reference raster with one band of class numbers'
    with contextlib.ExitStack() as stack:
        with reading(path, expected):
            file = stack.enter_context(rasterio.open(path))
        if file.count != 1 or np.dtype(file.dtypes[0]).kind not in 'iuf':
            raise ValueError(
                f'reference {path}: expected one band of whole numbers, got '
                f'{file.count} of {file.dtypes[0]}: take the band with the '
                'classes out of it, `rio stack --bidx 1 FILE NEW.tif`'
            )
        source = stack.enter_context(_on_grid_of(land, file, path))
        height, width = land.grid.size
        for top in range(0, height, STRIP):
            window = (top, min(top + STRIP, height)), (0, width)
            with reading(path, expected):
                numbers = source.read(1, window=window)
            yield _translated(numbers, {OUTSIDE, source.nodata}, ids, path)


def _on_grid_of(
    land: ClassMap, file: rasterio.DatasetReader, path: str
) -> contextlib.AbstractContextManager:
    grid = Grid(file.shape, file.crs, file.transform)
    found = differences({'map': land.grid, 'reference': grid})
    if not found:
        return contextlib.nullcontext(file)
    placed = all(g.placed and g.crs is not None for g in (grid, land.grid))
    if not placed:
        raise ValueError(
            f'reference {path}: expected one that says where it lies, or has '
            f'the size of the map, got {"; ".join(found)}'
        )
    height, width = land.grid.size
    return WarpedVRT(
        file,
        crs=land.grid.crs,
        transform=land.grid.transform,
        height=height,
        width=width,
        resampling=Resampling.nearest,
        dtype='float64' if file.dtypes[0].startswith('f') else 'int32',
        nodata=OUTSIDE,
    )


def _translated(
    numbers: np.ndarray,
    empty: set[float | None],
    ids: Mapping[int, int],
    path: str,
) -> np.ndarray:
    # A class whose number is the nodata value counts, as in labels.
    nothing = np.isin(numbers, [n for n in empty - {None} if n not in ids])
    nothing |= np.isnan(numbers)
    classes, known = translate(numbers, {**ids, IGNORED: IGNORED})
    unknown = np.unique(numbers[~(known | nothing)])
    if unknown.size:
        raise ValueError(
            f'reference {path}: the numbers {unknown[:10].tolist()} are no '
            f'classes of the map, expected {sorted(ids)} and {IGNORED} for '
            'pixels that do not count: say which classes they are, '
            '`--reference-ids NUMBER=CLASS ...`, CLASS 255 for none'
        )
    classes[nothing] = IGNORED
    return classes


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
    truth[by_number] = _translated(numbers[by_number], set(), ids, path)
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
