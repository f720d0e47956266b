"""A map beside its reference: pixels are counted, and errors shown."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from multimodal_rs.inference.maps import (
    NODATA,
    RowWriter,
    layer_file,
    write_sidecars,
)
from multimodal_rs.products.area import ClassArea, class_areas
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.error_maps import ERRORS
from multimodal_rs.products.pixel_area import row_areas
from multimodal_rs.products.reference import (
    ReferenceRaster,
    numbers_of_classes,
)
from multimodal_rs.products.reference_points import Points, is_table
from multimodal_rs.utils.files import writing
from multimodal_rs.utils.labels import IGNORED

NO_CLASS = (
    '{0} is nodata in the reference and does not count; if it is a class, '
    'name it with the others: --reference-ids {0}={0} ...\n'
)


class Compared(NamedTuple):
    """What a reference says about a map.

    Attributes:
        matrix: (256, 256) pixels, ``matrix[truth, prediction]``, by number of
            the class in the map.
        ids: Number in the reference -> number of the class in the map.
        note: What there is to say about the numbers, as a line of text; '':
            nothing.
        fates: (N,) of the points, see ``reference_points.FATES``; None: the
            reference is a raster.
    """

    matrix: np.ndarray
    ids: Mapping[int, int]
    note: str
    fates: np.ndarray | None


def compare(
    errors: Path,
    land: ClassMap,
    names: Mapping[int, str],
    reference: str | os.PathLike,
    ids: Mapping[int, int] | None,
) -> Compared:
    """Count what a reference says about a map.

    Args:
        errors: GeoTIFF to write, 0 right, 1 wrong; of a raster only.
        land: The map, 8 bits.
        names: Number -> name of its classes.
        reference: Raster of class numbers, or CSV of points.
        ids: Number in the reference -> number of the class in the map; None:
            the numbers are the same.

    Raises:
        OutOfReachError: If the reference lies elsewhere.
        ValueError: If the two cannot be compared.
        OSError: If the file cannot be written.
    """
    if is_table(reference):
        known = numbers_of_classes(ids, names)
        points = Points(reference)
        truth, found, fates = points.compare(land, known, ids is not None)
        return Compared(_counts(truth, found), known, '', fates)
    with ReferenceRaster(reference) as ground:
        known = numbers_of_classes(ids, names, ground.nodata)
        note = ''
        if ids is None and ground.nodata in names:
            note = NO_CLASS.format(int(ground.nodata))
        matrix = _compare_rasters(errors, land, ground, known)
    return Compared(matrix, known, note, None)


def known_areas(
    land: ClassMap, ids: Mapping[int, int] | None
) -> tuple[list[ClassArea], str | None]:
    """Get the classes of a map, and why their areas are not known.

    A map that names no classes has those, too, that it never shows.

    Raises:
        ValueError: If one has a number that cannot be compared.
    """
    try:
        pixel, unknown = row_areas(land.grid), None
    except ValueError as error:  # it can be compared all the same
        pixel, unknown = np.full(land.grid.size[0], np.nan), str(error)
    areas = class_areas(land, pixel)
    numbers = {area.number for area in areas}
    if max(numbers, default=0) >= NODATA:
        raise ValueError(
            f'accuracy: {land.path} has the class numbers {sorted(numbers)}, '
            f'expected numbers below {NODATA}; if one of them stands for no '
            'class, write it into the file: `rio edit-info --nodata NUMBER '
            'MAP`'
        )
    if not land.numbers and ids is not None:
        others = {*ids.values()} - numbers - {IGNORED}
        areas += [ClassArea(n, str(n), 0, 0.0) for n in others]
    return sorted(areas), unknown


def _counts(truth: np.ndarray, mapped: np.ndarray) -> np.ndarray:
    """Count pairs, (256, 256), ``matrix[truth, prediction]``."""
    pairs = truth.astype(np.int64) * 256 + mapped
    return np.bincount(pairs.ravel(), minlength=256**2).reshape(256, 256)


def _compare_rasters(
    errors: Path,
    land: ClassMap,
    ground: ReferenceRaster,
    ids: Mapping[int, int],
) -> np.ndarray:
    matrix = np.zeros((256, 256), np.int64)
    truths = ground.strips(land.grid, ids)
    names = dict(map=land.path, reference=ground.path)
    tags = {name: os.path.basename(path) for name, path in names.items()}
    with contextlib.closing(truths), _error_map(errors, land, tags) as rows:
        for (_, mapped), truth in zip(land.strips(), truths, strict=True):
            known = truth != NODATA
            if land.nodata is not None:
                known &= mapped != land.nodata
            matrix += _counts(truth[known], mapped[known])
            wrong = np.where(known, truth != mapped, NODATA)
            rows.add(wrong.astype(np.uint8)[None])
    return matrix


@contextlib.contextmanager
def _error_map(
    path: Path, land: ClassMap, tags: Mapping[str, str]
) -> Iterator[RowWriter]:
    with writing(path), layer_file(path, land.grid, ERRORS, tags) as writer:
        yield writer
    write_sidecars(path, ERRORS)
