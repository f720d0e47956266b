"""Tables of the accuracy of a map, or of several together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.evaluation.accuracy_files import (
    SUMMARY,
    accuracy_tables,
    write_accuracy,
)
from multimodal_rs.evaluation.area_adjusted import Estimate, area_adjusted
from multimodal_rs.evaluation.report import write_json
from multimodal_rs.products.area import ClassArea
from multimodal_rs.utils.tables import text_table, write_csv

ADJUSTED = ('area_adjusted.csv', 'area_adjusted.json')
TABLES = (
    SUMMARY,
    'land_cover_classes.csv',
    'confusion_matrix.csv',
    *ADJUSTED,
)


def write_tables(
    folder: Path,
    areas: Sequence[ClassArea],
    matrix: np.ndarray,
    unknown: str | None,
) -> str:
    """Write all tables.

    Args:
        folder: Where to.
        areas: Of the classes of the map.
        matrix: (256, 256) pixels, ``matrix[truth, prediction]``, by number.
        unknown: Why the areas are not known; None: they are.

    Returns:
        Tables for people.
    """
    numbers = [area.number for area in areas]
    names = [area.name for area in areas]
    matrix = matrix[np.ix_(numbers, numbers)]
    adjusted = _adjust(folder, areas, matrix, unknown)
    write_accuracy(folder, names, matrix)
    return accuracy_tables(names, matrix) + adjusted


def taken(ids: Mapping[int, int], areas: Sequence[ClassArea]) -> str:
    """Say which numbers of the reference count as which class."""
    names = {area.number: area.name for area in areas}
    pairs = [f'{n} {names[i]}' for n, i in sorted(ids.items()) if i in names]
    return f'Numbers of the reference: {", ".join(pairs)}\n'


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
