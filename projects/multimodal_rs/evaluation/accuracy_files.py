"""Tables and files of a confusion matrix, of a test run or of a map."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.evaluation.confusion import MEASURES, per_class, summarize
from multimodal_rs.evaluation.report import write_json
from multimodal_rs.utils.tables import text_table, write_csv

SUMMARY = 'land_cover.json'


def in_percent(
    matrix: np.ndarray,
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Compute all measures, and those of every class, in percent."""
    summary = {k: 100 * v for k, v in summarize(matrix).items()}
    classes = {k: (100 * v).tolist() for k, v in per_class(matrix).items()}
    return summary, classes


def accuracy_tables(names: Sequence[str], matrix: np.ndarray) -> str:
    """Lay out the measures for the log.

    Args:
        names: Of the classes.
        matrix: (K, K) pixels, ``matrix[truth, prediction]``.
    """
    summary, classes = in_percent(matrix)
    rows = zip(names, *classes.values(), strict=True)
    return (
        'Per class, in percent (share: of the true pixels)\n'
        + text_table(['class', *classes], rows)
        + '\nAll classes, in percent\n'
        + text_table(MEASURES, [[summary[key] for key in MEASURES]])
    )


def write_accuracy(
    directory: str | os.PathLike,
    names: Sequence[str],
    matrix: np.ndarray,
    start: str = '',
) -> None:
    """Write ``land_cover.json`` and two tables as CSV.

    Args:
        directory: Where to.
        names: Of the classes.
        matrix: (K, K) pixels, ``matrix[truth, prediction]``.
        start: What the names of the files begin with.
    """
    directory = Path(directory)
    summary, classes = in_percent(matrix)
    pixels = {
        'truth_pixels': matrix.sum(axis=1).tolist(),
        'predicted_pixels': matrix.sum(axis=0).tolist(),
    }
    columns = {**classes, **pixels}
    rows = list(zip(names, *columns.values(), strict=True))
    content = {
        'unit': 'percent',
        'pixels': int(matrix.sum()),
        'summary': summary,
        'classes': [
            dict(zip(['class', *columns], row, strict=True)) for row in rows
        ],
        'confusion_matrix': {
            'rows': 'truth',
            'columns': 'prediction',
            'pixels': matrix.tolist(),
        },
    }
    write_csv(
        directory / f'{start}land_cover_classes.csv', ['class', *columns], rows
    )
    counts = [
        [name, *row] for name, row in zip(names, matrix.tolist(), strict=True)
    ]
    header = ['truth \\ prediction', *names]
    write_csv(directory / f'{start}confusion_matrix.csv', header, counts)
    write_json(directory / f'{start}{SUMMARY}', content)
