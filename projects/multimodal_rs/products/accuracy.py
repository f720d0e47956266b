"""Accuracy of a map against a reference: tables, and where it is wrong."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.evaluation.accuracy_files import (
    SUMMARY,
    accuracy_tables,
    write_accuracy,
)
from multimodal_rs.evaluation.area_adjusted import Estimate, area_adjusted
from multimodal_rs.evaluation.report import write_json
from multimodal_rs.inference.maps import (
    NODATA,
    SIDECARS,
    Layer,
    RowWriter,
    layer_file,
    write_sidecars,
)
from multimodal_rs.products.area import ClassArea, class_areas
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import row_areas
from multimodal_rs.products.reference import (
    OutOfReachError,
    ReferenceRaster,
    numbers_of_classes,
)
from multimodal_rs.products.reference_points import Points, is_table
from multimodal_rs.utils.file_sets import replaced_together
from multimodal_rs.utils.files import writing
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.tables import text_table, write_csv
from multimodal_rs.visualization.composites import RIGHT, WRONG

ERRORS = Layer(
    'errors of the map',
    ('errors',),
    classes={0: ('right', RIGHT), 1: ('wrong', WRONG)},
)
ADJUSTED = ('area_adjusted.csv', 'area_adjusted.json')
FILES = (
    SUMMARY,
    'land_cover_classes.csv',
    'confusion_matrix.csv',
    'errors.tif',
    *ADJUSTED,
)
OWN = (*FILES, *(f'errors.tif{suffix}' for suffix in SIDECARS))
NO_CLASS = (
    '{0} is nodata in the reference and does not count; if it is a class, '
    'name it with the others: --reference-ids {0}={0} ...\n'
)
__all__ = ['FILES', 'SUMMARY', 'remove_accuracy', 'write_map_accuracy']


def write_map_accuracy(
    folder: str | os.PathLike,
    land: ClassMap,
    reference: str | os.PathLike,
    ids: Mapping[int, int] | None = None,
) -> str:
    """Compare a map with a reference.

    Writes ``land_cover.json``, ``land_cover_classes.csv`` and
    ``confusion_matrix.csv`` as a test run does, ``errors.tif`` (0 right, 1
    wrong; of a raster only), and where each class of the map has at least two
    reference pixels ``area_adjusted.json`` and ``area_adjusted.csv``. They
    replace those of an earlier comparison all at once; after an error the
    folder is as it was.

    Args:
        folder: Where to.
        land: The map, 8 bits.
        reference: Raster of class numbers, or CSV of points.
        ids: Number in the reference -> number of the class in the map. The
            nodata value of a raster is a class if it is one of them. None:
            the numbers are the same, and nodata is no class.

    Returns:
        Tables for people.

    Raises:
        OutOfReachError: If the reference says nothing about the map.
        ValueError: If the two cannot be compared.
        OSError: If a file cannot be written, for instance to a full disk.
    """
    with replaced_together(folder, OWN, SUMMARY) as temporary:
        return _compare(temporary, land, reference, ids)


def remove_accuracy(folder: str | os.PathLike) -> None:
    """Remove what :func:`write_map_accuracy` has written, if it has."""
    for name in (SUMMARY, *OWN):
        Path(folder, name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it is not there, or has other files
        os.rmdir(folder)


def _compare(
    folder: Path,
    land: ClassMap,
    reference: str | os.PathLike,
    ids: Mapping[int, int] | None,
) -> str:
    areas, unknown = _areas(land, ids)
    by_number, note = {area.number: area.name for area in areas}, ''
    if is_table(reference):
        known = numbers_of_classes(ids, by_number)
        truth, found, note = Points(reference).compare(land, known)
        matrix = _counts(truth, found)
    else:
        with ReferenceRaster(reference) as ground:
            known = numbers_of_classes(ids, by_number, ground.nodata)
            if ids is None and ground.nodata in by_number:
                note = NO_CLASS.format(int(ground.nodata))
            matrix = _compare_rasters(folder, land, ground, known)
    numbers = list(by_number)
    matrix = matrix[np.ix_(numbers, numbers)]
    names = list(by_number.values())
    if not matrix.any():
        raise OutOfReachError(
            f'accuracy: no pixel of {land.path} has a class in the reference '
            f'{os.fspath(reference)} as well: compare where they lie, and '
            f'the numbers. {note}'.strip()
        )
    adjusted = _adjust(folder, areas, matrix, unknown)
    write_accuracy(folder, names, matrix)
    said = _taken(known, areas) + note + accuracy_tables(names, matrix)
    return said + adjusted


def _areas(
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


def _taken(ids: Mapping[int, int], areas: Sequence[ClassArea]) -> str:
    """Say which numbers of the reference count as which class."""
    names = {area.number: area.name for area in areas}
    pairs = [f'{n} {names[i]}' for n, i in sorted(ids.items()) if i in names]
    return f'Numbers of the reference: {", ".join(pairs)}\n'


def _counts(truth: np.ndarray, mapped: np.ndarray) -> np.ndarray:
    """Count pairs, (256, 256), ``matrix[truth, prediction]``."""
    pairs = truth.astype(np.int64) * 256 + mapped
    return np.bincount(pairs.ravel(), minlength=256**2).reshape(256, 256)


def _compare_rasters(
    folder: Path,
    land: ClassMap,
    ground: ReferenceRaster,
    ids: Mapping[int, int],
) -> np.ndarray:
    matrix = np.zeros((256, 256), np.int64)
    truths = ground.strips(land.grid, ids)
    names = dict(map=land.path, reference=ground.path)
    tags = {name: os.path.basename(path) for name, path in names.items()}
    with contextlib.closing(truths), _error_map(folder, land, tags) as errors:
        for (_, mapped), truth in zip(land.strips(), truths, strict=True):
            known = truth != NODATA
            if land.nodata is not None:
                known &= mapped != land.nodata
            matrix += _counts(truth[known], mapped[known])
            wrong = np.where(known, truth != mapped, NODATA)
            errors.add(wrong.astype(np.uint8)[None])
    return matrix


@contextlib.contextmanager
def _error_map(
    folder: Path, land: ClassMap, tags: Mapping[str, str]
) -> Iterator[RowWriter]:
    path = folder / 'errors.tif'
    with writing(path), layer_file(path, land.grid, ERRORS, tags) as writer:
        yield writer
    write_sidecars(path, ERRORS)


def _adjust(
    folder: Path,
    areas: Sequence[ClassArea],
    matrix: np.ndarray,
    unknown: str | None,
) -> str:
    """Write the adjusted figures; say so if there can be none.

    Args:
        folder: Where to.
        areas: Of the map.
        matrix: (K, K), ``matrix[truth, prediction]``.
        unknown: Why the areas are not known; None: they are.
    """
    if unknown is not None:
        return f'\nNo area-adjusted figures: {unknown}'
    few = [
        area.name
        for area, units in zip(areas, matrix.sum(axis=0), strict=True)
        if area.pixels and units < 2
    ]
    if few:
        return (
            '\nNo area-adjusted figures: they need two reference pixels or '
            f'more in each class of the map, which {few} have not'
        )
    hectares = np.array([area.hectares for area in areas])
    found = area_adjusted(matrix, hectares)
    header, rows = _table(areas, found)
    write_csv(folder / ADJUSTED[0], header, rows)
    classes = [dict(zip(header, row, strict=True)) for row in rows]
    overall = 100 * found.overall, 100 * found.overall_error
    content = dict(
        overall_accuracy=overall[0], overall_accuracy_error=overall[1]
    )
    write_json(folder / ADJUSTED[1], content | dict(classes=classes))
    return (
        '\nArea-adjusted, with 95 % confidence intervals (true if the '
        'reference is a random sample within each class of the map)\n'
        + text_table(header, rows)
        + '\nOverall accuracy {:.2f} +- {:.2f} percent'.format(*overall)
    )


def _table(
    areas: Sequence[ClassArea], found: Estimate
) -> tuple[list[str], list[list]]:
    header = ['class', 'mapped_hectares', 'hectares', 'hectares_error']
    header += ['user_accuracy', 'user_accuracy_error']
    header += ['producer_accuracy', 'producer_accuracy_error']
    shares = (found.user, found.user_error)
    shares += (found.producer, found.producer_error)
    columns = [found.area, found.area_error, *(100 * s for s in shares)]
    rows = [
        [area.name, area.hectares, *(float(c[i]) for c in columns)]
        for i, area in enumerate(areas)
    ]
    return header, rows
