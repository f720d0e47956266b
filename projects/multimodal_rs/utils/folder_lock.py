"""One process at a time in a folder."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from multimodal_rs.utils.files import write_text

# A process that was killed may have workers, which see it within 5 seconds.
PATIENCE = 15.0  # seconds


class FolderInUseError(RuntimeError):
    """Another process works in a folder; the message says which."""


@contextlib.contextmanager
def only_one(
    folder: str | os.PathLike, work: str, patience: float = PATIENCE
) -> Iterator[None]:
    """Hold a folder, so that no second process does the same work in it.

    The system lets go of the folder when the process ends, however that is;
    no file that is left behind holds it. On a network drive this holds as far
    as the drive passes locks on.

    Args:
        folder: The folder; it is created.
        work: Name of the work, for instance ``'train'``: other work may go
            on in the folder at the same time.
        patience: How long to wait for a process that may be ending, in
            seconds.

    Raises:
        FolderInUseError: If another process holds it, with what is known of
            that one.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f'.{work}.lock')
    holder = folder / f'.{work}.holder.json'
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(
            f'{folder} is in use by {_describe(holder)}: waiting for up to '
            f'{patience:.0f} seconds',
            flush=True,
        )
        _acquire(lock, holder, patience)
    try:
        since = datetime.now().astimezone().isoformat(timespec='seconds')
        me = dict(pid=os.getpid(), host=socket.gethostname(), since=since)
        write_text(holder, json.dumps(me))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path, patience: float) -> None:
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise FolderInUseError(
            f'{holder.parent} is in use by {_describe(holder)}: wait until '
            'that has ended, or choose another folder'
        ) from None


def _describe(holder: Path) -> str:
    """Say which process holds a folder."""
    try:
        known = json.loads(holder.read_text())
        return 'process {pid} on {host}, since {since}'.format(**known)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 'another process'  # it has not written that yet, or a bad disk
