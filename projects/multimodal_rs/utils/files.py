"""Files that are either complete or not there."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from multimodal_rs.utils.damage import reading


@contextlib.contextmanager
def atomic_path(target: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path that replaces ``target`` on success.

    The temporary file lies beside the target (same file system, same
    suffix), so that the final rename is atomic. If the block raises, the
    temporary file is removed and the target stays as it was.

    Args:
        target: The file to write. Its directory is created.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f'.{target.stem}.', suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
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
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding='utf-8', newline='\n')


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
