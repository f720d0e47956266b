"""What is looked at in a file before GDAL opens it."""

import functools
import os
import time

from multimodal_rs.datasets.io.png import check_png
from multimodal_rs.datasets.io.sizes import check_netcdf
from multimodal_rs.datasets.io.tiff import missing_blocks

REMEMBERED = 2**16  # files, about 20 MB
# A file that was written so recently may change without a new time of its own.
SETTLED = 2 * 10**9  # nanoseconds


def check_contents(path: str, expected: str) -> str:
    """Check PNG and netCDF files, and find blocks that a TIFF lacks.

    A file is looked at once in a process, and again when its size or time of
    writing has changed: training reads it in every epoch.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Returns:
        See :func:`missing_blocks`.

    Raises:
        DamagedFileError: If it is damaged.
        FileNotFoundError: If it does not exist.
    """
    found = os.stat(path)
    check = _remembered
    if time.time_ns() - found.st_mtime_ns < SETTLED:
        check = _remembered.__wrapped__
    return check(
        path, expected, found.st_ino, found.st_size, found.st_mtime_ns
    )


@functools.lru_cache(REMEMBERED)
def _remembered(
    path: str, expected: str, inode: int, size: int, written: int
) -> str:
    """Check a file as it was at that time; errors are not remembered."""
    check_png(path, expected)
    check_netcdf(path, expected)
    return missing_blocks(path, expected)
