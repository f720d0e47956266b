"""Whether the file of a checkpoint is whole, which is proven by reading it.

Since version 1.6 torch writes a zip file, with a checksum (CRC32) of every
tensor, and does not look at the checksums when it reads. Weights that were
damaged on a disk or on the way are then other weights, without a word.
"""

import os
import pickle
import zipfile
from pathlib import Path

import torch

from multimodal_rs.utils.damage import FAILURES, first_cause

BLOCK = 1 << 20  # bytes that are read at once
# What the readers of zip files raise, depending on which bytes are damaged.
DAMAGED = (*FAILURES, zipfile.BadZipFile)


def damage(path: str | os.PathLike) -> str | None:
    """Read a checkpoint from end to end and say what is wrong with it.

    Args:
        path: A file.

    Returns:
        None for a whole file, and for one without checksums: in the format
        of torch before 1.6, or written after
        ``torch.serialization.set_crc32_options(False)``.
    """
    with Path(path).open('rb') as file:
        start = file.read(2)
    if start[:1] == b'\x80':  # a pickle
        return None
    if start != b'PK':
        return 'another kind of file' if start else 'an empty file'
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if not any(entry.CRC for entry in entries):
                entries = []  # written without checksums
            for entry in entries:
                problem = _damage_of(archive, entry)
                if problem is not None:
                    return problem
    except DAMAGED as error:
        return f'an incomplete or damaged one: no list of entries ({error})'
    return _refused(path)


def require_whole(path: str | os.PathLike) -> None:
    """Refuse a damaged checkpoint.

    Args:
        path: A file; a URL of any kind is not looked at.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: With the entry that is damaged.
    """
    if '://' in os.fspath(path):
        return
    found = damage(path)
    if found is not None:
        raise ValueError(
            f'checkpoint {os.fspath(path)!r}: expected a whole file that '
            f'torch has written, found {found}: use one that tools/train.py '
            'has saved, or copy it again'
        )


def _refused(path: str | os.PathLike) -> str | None:
    """Say what torch finds wrong with a file of which all entries are whole.

    It asks more of the list of entries than Python's reader, and for more of
    it when it loads the tensors than when it leaves them on the disk.
    """
    try:
        torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError:
        return None  # there is more in it than weights
    except DAMAGED as error:
        return f'a damaged one ({first_cause(error)})'
    return None


def _damage_of(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str | None:
    """Read an entry; the reader compares it with its checksum at the end."""
    try:
        with archive.open(entry) as content:
            while content.read(BLOCK):
                pass
    except DAMAGED as error:
        return f'a damaged one, in the entry {entry.filename!r} ({error})'
    return None
