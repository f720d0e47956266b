"""Ids of samples, which become names of files."""

import os
import re
from pathlib import Path

LEAVES = re.compile(r'(^|[/\\])\.\.($|[/\\])|^[/\\]|^[A-Za-z]:|\0')


def check_sample_id(sample_id: str, source: str | os.PathLike) -> str:
    """Refuse an id whose files would lie outside of their folder.

    Links of the file system are none of its business: they may lead anywhere.

    Args:
        sample_id: It.
        source: The list that names it, or the folder that it would leave.

    Raises:
        ValueError: If it has ``..`` as a folder, is an absolute path, begins
            with the letter of a drive, or holds a zero byte.
    """
    if LEAVES.search(sample_id):
        raise ValueError(
            f'{os.fspath(source)}: the sample id {sample_id!r} leaves the '
            'folder of its files. Expected a name or a relative path without '
            "'..': correct the id"
        )
    return sample_id


def file_below(folder: str | os.PathLike, sample_id: str, suffix: str) -> Path:
    """Get the file of a sample in a folder that is written to.

    Raises:
        ValueError: If it would not lie below the folder.
    """
    return Path(folder, check_sample_id(sample_id, folder) + suffix)
