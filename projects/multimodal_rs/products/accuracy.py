"""Accuracy of a map against a reference: tables, and where it is wrong."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from multimodal_rs.evaluation.accuracy_files import SUMMARY
from multimodal_rs.products.accuracy_tables import TABLES, taken, write_tables
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.comparison import compare, known_areas
from multimodal_rs.products.error_maps import (
    ERROR_MAP,
    earlier_error_maps,
    with_sidecars,
)
from multimodal_rs.products.reference import OutOfReachError
from multimodal_rs.products.reference_points import left_out
from multimodal_rs.utils.file_sets import replaced_together

FILES = (*TABLES, ERROR_MAP)
__all__ = [
    'FILES',
    'SUMMARY',
    'own_files',
    'remove_accuracy',
    'write_map_accuracy',
]


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
    with replaced_together(folder, own_files(folder), SUMMARY) as temporary:
        return _compare(temporary, land, reference, ids)


def own_files(folder: str | os.PathLike) -> list[str]:
    """List the names of files of a comparison, also of several maps."""
    maps = with_sidecars((ERROR_MAP, *earlier_error_maps(folder)))
    return [*TABLES, *maps]


def remove_accuracy(folder: str | os.PathLike) -> None:
    """Remove what a comparison has written, if there was one."""
    for name in own_files(folder):
        Path(folder, name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it is not there, or has other files
        os.rmdir(folder)


def _compare(
    folder: Path,
    land: ClassMap,
    reference: str | os.PathLike,
    ids: Mapping[int, int] | None,
) -> str:
    areas, unknown = known_areas(land, ids)
    names = {area.number: area.name for area in areas}
    found = compare(folder / ERROR_MAP, land, names, reference, ids)
    note = found.note
    if found.fates is not None:
        note += left_out(found.fates)
    if not found.matrix.any():
        raise OutOfReachError(
            f'accuracy: no pixel of {land.path} has a class in the reference '
            f'{os.fspath(reference)} as well: compare where they lie, and '
            f'the numbers. {note}'.strip()
        )
    tables = write_tables(folder, areas, found.matrix, unknown)
    return taken(found.ids, areas) + note + tables
