"""The file of what was measured, which several commands write."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from multimodal_rs.datasets.fits import RENEWED
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text


@contextlib.contextmanager
def changed_entries(target: Path) -> Iterator[dict[str, dict]]:
    """Yield what a file holds at this moment; write it if that is changed.

    To be entered after what is put in was measured, which may take hours:
    meanwhile another command may have written its own numbers.

    Args:
        target: ``stats.json``; may be missing.

    Yields:
        Name of a config -> its numbers, to be changed in place.

    Raises:
        DamagedFileError: If the file holds something else.
    """
    known = read_json(target, RENEWED) if target.is_file() else {}
    before = _text(known)
    with reading(target, f'numbers of bands, steps and labels: {RENEWED}'):
        yield known
    if _text(known) != before:
        write_text(target, _text(known))


def clock(folder: Path) -> int:
    """Get the time that a file has which is written now, in nanoseconds.

    That of its file system may differ from that of this machine.

    Args:
        folder: Where the file would be; is created.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime_ns


def _text(known: dict) -> str:
    return json.dumps(known, indent=2, sort_keys=True) + '\n'
