"""Tables on the screen and complete files on disk."""

import csv
import io
import json
import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mmengine.logging import MMLogger
from prettytable import PrettyTable

from multimodal_rs.utils.files import write_text


def text_table(header: Sequence[str], rows: Iterable[Sequence]) -> str:
    """Lay out rows for the log; floats get two decimals, NaN is a dash."""
    table = PrettyTable(list(header))
    table.align = 'r'
    for row in rows:
        if isinstance(row[0], str):
            table.align[header[0]] = 'l'
        table.add_row([_display(cell) for cell in row])
    return table.get_string()


def write_csv(
    target: str | os.PathLike, header: Sequence[str], rows: Iterable[Sequence]
) -> None:
    """Write rows in full precision, completely or not at all."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator='\n')
    writer.writerow(header)
    writer.writerows(rows)
    write_text(target, buffer.getvalue())


def write_json(target: str | os.PathLike, content: Mapping) -> None:
    """Write standard JSON (NaN becomes null), completely or not at all."""
    text = json.dumps(_plain(content), indent=2, allow_nan=False)
    write_text(target, text + '\n')


def run_log_dir() -> Path | None:
    """Find the folder of the current run's log file.

    Returns:
        The folder, or None if the current logger writes no file (no runner,
        or not the main process).
    """
    for handler in MMLogger.get_current_instance().handlers:
        if isinstance(handler, logging.FileHandler):
            return Path(handler.baseFilename).parent
    return None


def _display(cell: object) -> str:
    if not isinstance(cell, float):
        return str(cell)
    return '-' if math.isnan(cell) else f'{cell:.2f}'


def _plain(content: object) -> object:
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if hasattr(content, 'item'):  # a number of numpy or torch
        content = content.item()
    if isinstance(content, float) and math.isnan(content):
        return None
    return content
