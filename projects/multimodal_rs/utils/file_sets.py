"""Files of a folder that belong together: all are replaced, or none."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from multimodal_rs.utils.files import sweep
from multimodal_rs.utils.processes import this_process


@contextlib.contextmanager
def replaced_together(
    folder: str | os.PathLike, names: Collection[str], last: str
) -> Iterator[Path]:
    """Yield a temporary folder whose files go into ``folder`` on success.

    The temporary folder is hidden in the folder (same file system). If the
    block raises, it is removed, and the folder stays as it was. Else the files
    are renamed one by one; what the block has not written is an earlier
    result, and goes. The file ``last`` goes first and comes last: where it
    is, the others belong to it, also if the process is killed meanwhile. What
    it has left then is removed as that of ``atomic_path``.

    Args:
        folder: Where the files belong. It is created, with its parents.
        names: Of the files, others stay as they are.
        last: One of them, which the block has to write.

    Raises:
        OSError: If a file cannot be written; named as it would be called.
    """
    folder = Path(folder)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder.resolve())
    temporary = Path(
        tempfile.mkdtemp(dir=folder, prefix=f'.new.{this_process()}.')
    )
    try:
        yield temporary
        (folder / last).unlink(missing_ok=True)
        for name in (*(n for n in names if n != last), last):
            if (temporary / name).exists():
                os.replace(temporary / name, folder / name)
            else:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        if error.filename is not None:
            raise
        text = str(error).replace(str(temporary), str(folder))
        raise OSError(text) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if is_new:
            with contextlib.suppress(OSError):  # it has files now
                folder.rmdir()
