"""Files that are damaged, or that claim to be more than they are."""

import contextlib
import os
import struct
import tokenize
import zlib
from collections.abc import Iterator

# What libraries raise for a file that is not what its name says.
FAILURES = (
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    SyntaxError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    struct.error,
    zlib.error,
    tokenize.TokenError,
)
# Reads below this many bytes need no proof. Beyond it a file must be at least
# a part of what it unpacks to: deflate packs at most 1032 bytes into one.
LARGE = 2**28
PACKED = 2000


class DamagedFileError(ValueError):
    """A file cannot be read; the message names it."""


@contextlib.contextmanager
def reading(
    path: str | os.PathLike,
    expected: str,
    also: tuple[type[Exception], ...] = (),
) -> Iterator[None]:
    """Name the file in whatever a library raises while it is read.

    Args:
        path: The file.
        expected: What it should be, and what to do.
        also: What a library raises besides ``FAILURES``.

    Raises:
        DamagedFileError: With the file, what was found and ``expected``.
        FileNotFoundError: If it does not exist.
    """
    try:
        yield
    except (DamagedFileError, FileNotFoundError):
        raise
    except (*FAILURES, *also) as error:
        raise damaged(path, first_cause(error), expected) from error


def damaged(
    path: str | os.PathLike, found: str, expected: str
) -> DamagedFileError:
    """Make the error for a file of which it is known what is wrong."""
    return DamagedFileError(
        f'{os.fspath(path)} cannot be read: {found}. Expected {expected}'
    )


def first_cause(error: BaseException) -> str:
    """Get the message of the exception with which it began, in short."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = str(error).strip()
    if not isinstance(error, OSError | ValueError) or not text:
        text = f'{type(error).__name__} {text}'.rstrip()
    return text[:500]


def check_claim(
    path: str | os.PathLike, claimed: int, expected: str, packed: int = PACKED
) -> None:
    """Refuse to take memory for what cannot be in a file.

    Args:
        path: The file.
        claimed: Bytes that its pixels would take in memory.
        expected: What it should be, and what to do.
        packed: Bytes that one byte of the file can unpack to, at most.

    Raises:
        DamagedFileError: If ``claimed`` is large and the file is too small.
    """
    if claimed <= LARGE or not os.path.isfile(path):
        return
    size = os.path.getsize(path)
    if claimed > size * packed:
        found = (
            f'it has {size} bytes and claims pixels of {claimed} bytes, more '
            f'than {packed} times as many'
        )
        raise damaged(path, found, expected)
