"""The tables of the project: one writer for every format."""

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence

from prettytable import PrettyTable

from multimodal_rs.utils.files import write_text

LATEX = str.maketrans(
    {
        '&': r'\&',
        '%': r'\%',
        '$': r'\$',
        '#': r'\#',
        '_': r'\_',
        '{': r'\{',
        '}': r'\}',
        '~': r'\textasciitilde{}',
        '^': r'\textasciicircum{}',
        '\\': r'\textbackslash{}',
        '±': r'$\pm$',
    }
)


def text_table(header: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Lay out rows for the log; floats get two decimals, NaN is a dash."""
    table = PrettyTable(list(header))
    table.align = 'r'
    for row in rows:
        if isinstance(row[0], str):
            table.align[header[0]] = 'l'
        table.add_row([_display(cell) for cell in row])
    return table.get_string()


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[str]]
) -> str:
    """Lay out rows in Markdown, without a line end.

    Args:
        header: Titles of the columns.
        rows: Cells as they are to be shown; ``''`` is an empty cell.
    """
    lines = [header, *rows]
    text = [f'| {" | ".join(line)} |'.replace('  |', ' |') for line in lines]
    text.insert(1, '|---' * len(header) + '|')
    return '\n'.join(text)


def latex_table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Sequence[bool],
) -> str:
    """Lay out rows as a LaTeX ``tabular`` for the package booktabs.

    Args:
        header: Titles of the columns.
        rows: Cells as they are shown in Markdown; ``**x**`` becomes bold.
        numeric: Per column, whether it is right-aligned.
    """
    columns = ''.join('r' if right else 'l' for right in numeric)
    lines = [rf'\begin{{tabular}}{{{columns}}}', r'\toprule']
    lines += [_latex_row(header), r'\midrule']
    lines += [_latex_row(row) for row in rows]
    lines += [r'\bottomrule', r'\end{tabular}']
    return '\n'.join(lines) + '\n'


def write_csv(
    target: str | os.PathLike, header: Sequence[str], rows: Iterable[Sequence]
) -> None:
    """Write rows in full precision, completely or not at all."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_text(target, buffer.getvalue())


def _latex_row(cells: Sequence[str]) -> str:
    return ' & '.join(map(_latex_cell, cells)) + r' \\'


def _latex_cell(cell: str) -> str:
    text = cell.strip('`').translate(LATEX)
    if cell.startswith('**') and cell.endswith('**'):
        return rf'\textbf{{{text.strip("*")}}}'
    return text


def _display(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return '-' if math.isnan(cell) else f'{cell:.2f}'
