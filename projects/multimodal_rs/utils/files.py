"""Files that are either complete or not there."""

import contextlib
import functools
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from multimodal_rs.utils.damage import first_cause, reading
from multimodal_rs.utils.processes import has_ended, this_process

# How a file is called while it is written: .<stem>.<process>.<random><suffix>
UNFINISHED = re.compile(
    r'\..*\.(?P<process>[0-9a-f]{8}-\d+-\d+)\.[a-z0-9_]{8}(\..*)?'
)
LONGEST = 40  # characters of a stem, so that no file system finds it too long


@contextlib.contextmanager
def atomic_path(
    target: str | os.PathLike, durable: bool = False
) -> Iterator[Path]:
    """Yield a temporary path that replaces ``target`` on success.

    The temporary file lies beside the target (same file system, same
    suffix), so that the final rename is atomic. If the block raises, the
    temporary file is removed and the target stays as it was. What a process
    has left that was killed is removed by the next one that writes into the
    folder, see :func:`sweep`.

    Args:
        target: The file to write. Its directory is created.
        durable: Whether to wait until the disk has the file, so that it
            survives a loss of power as well. Takes up to a second.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent.resolve())
    handle, name = tempfile.mkstemp(
        dir=target.parent,
        prefix=f'.{target.stem[:LONGEST]}.{this_process()}.',
        suffix=target.suffix,
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        if durable:
            _wait_for_disk(temporary)
        os.replace(temporary, target)
        if durable:
            _wait_for_disk(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: str | os.PathLike, advice: str) -> dict:
    """Read a JSON file that a command of ours has written.

    Args:
        path: The file.
        advice: What to do if it is damaged.

    Raises:
        DamagedFileError: With the path, if it is not JSON.
    """
    with reading(path, f'JSON: {advice}'):
        content = json.loads(Path(path).read_text(encoding='utf-8'))
        if not isinstance(content, dict):
            raise TypeError(f'it holds a {type(content).__name__}, no names')
        return content


def write_text(target: str | os.PathLike, text: str) -> None:
    """Write ``text`` to ``target`` as UTF-8, completely or not at all."""
    with atomic_path(target) as temporary, writing(target):
        temporary.write_text(text, encoding='utf-8', newline='\n')


@contextlib.contextmanager
def writing(
    target: str | os.PathLike, also: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Name the file in whatever a library raises while it is written.

    A full disk is most often the cause, and neither Python nor most libraries
    say then which file it was.

    Args:
        target: The file, as its user calls it.
        also: What a library raises besides ``OSError``.

    Raises:
        OSError: With the file, what was found, and what to do.
    """
    try:
        yield
    except (OSError, *also) as error:
        if getattr(error, 'filename', None) is not None:
            raise  # it names one
        raise OSError(
            f'{os.fspath(target)} cannot be written ({first_cause(error)}): '
            'is the disk full?'
        ) from error


@functools.cache
def sweep(folder: Path) -> None:
    """Remove files that processes have left unfinished in a folder.

    Only files of :func:`atomic_path`, and folders of ``replaced_together``,
    whose process is known to have ended. A process looks into each folder
    once.

    Args:
        folder: The folder, not what is below it.
    """
    left = []
    with os.scandir(folder) as entries:
        for entry in entries:
            match = UNFINISHED.fullmatch(entry.name)
            if match and has_ended(match['process']):
                left.append(entry.path)
    removed = 0
    for path in left:
        # Another process may be sweeping as well; in a folder of many users,
        # a file of another one stays.
        with contextlib.suppress(FileNotFoundError, PermissionError):
            if os.path.isdir(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
            removed += 1
    if removed:
        logging.getLogger(__name__).warning(
            '%s: removed %d files that were not finished when their process '
            'ended',
            *(folder, removed),
        )


def _wait_for_disk(path: Path) -> None:
    """Wait until the disk has what was written to a file or directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
