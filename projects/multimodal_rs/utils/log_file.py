"""What a long command says, in a file with the times."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

PACKAGE = logging.getLogger('multimodal_rs')


@contextlib.contextmanager
def log_file(path: str | os.PathLike | None) -> Iterator[None]:
    """Append what this package logs and warns of to a file.

    Stderr gets warnings as without the file.

    Args:
        path: The file; its folder is created. Several processes may share
            it. None: no file.
    """
    if path is None:
        yield
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, encoding='utf-8')
    handler.setFormatter(
        logging.Formatter('%(asctime)s [%(process)d] %(message)s')
    )
    handlers = [handler]
    if not PACKAGE.hasHandlers():  # then warnings go where this one leads
        handlers.append(logging.lastResort)
    before = PACKAGE.level
    PACKAGE.setLevel(logging.INFO)
    for each in handlers:
        PACKAGE.addHandler(each)
    try:
        with _warnings_too(handler):
            yield
    finally:
        PACKAGE.setLevel(before)
        for each in handlers:
            PACKAGE.removeHandler(each)
        handler.close()


@contextlib.contextmanager
def _warnings_too(handler: logging.Handler) -> Iterator[None]:
    """Give a handler the warnings that Python shows."""
    shown = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None):
        shown(message, category, filename, lineno, file, line)
        place = logging.WARNING, filename, lineno
        handler.handle(
            PACKAGE.makeRecord(PACKAGE.name, *place, str(message), (), None)
        )

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown
