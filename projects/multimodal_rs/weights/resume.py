"""The checkpoint from which a run in a folder goes on."""

import os
import re
from collections.abc import Callable
from pathlib import Path

from multimodal_rs.weights.checkpoint_files import damage

LAST = 'last_checkpoint'  # file in which mmengine keeps the path of the last
NUMBERED = re.compile(r'(epoch|iter)_(?P<number>\d+)\.pth')


def checkpoint_folder(
    work_dir: str | os.PathLike, out_dir: str | os.PathLike | None
) -> Path:
    """Say where mmengine's checkpoint hook keeps the files of a run.

    Args:
        work_dir: Work directory.
        out_dir: Argument of the hook; a folder for the folders of all runs.
    """
    if out_dir is None or Path(out_dir) == Path(work_dir):
        return Path(work_dir)
    return Path(out_dir, Path(work_dir).name)


def resumable_checkpoint(
    work_dir: str | os.PathLike,
    say: Callable[[str], None] = print,
    out_dir: str | os.PathLike | None = None,
) -> Path | None:
    """Find the checkpoint from which a run in a folder goes on.

    It is the one that ``last_checkpoint`` names, by its name and in this
    folder, wherever the folder was when that was written. If that is not
    there or not whole, it is the whole one of the highest epoch or iteration,
    by the names ``epoch_<n>.pth`` and ``iter_<n>.pth``.

    Args:
        work_dir: Work directory.
        say: Takes what the user has to know, line by line.
        out_dir: ``out_dir`` of the checkpoint hook.

    Returns:
        The file; None if there is no checkpoint, so that training starts.

    Raises:
        ValueError: If there are checkpoints, and none of them is whole.
    """
    folder = checkpoint_folder(work_dir, out_dir)
    found = _numbered(folder)
    named = _named(Path(work_dir, LAST), folder, say)
    if named is not None:
        found = [named, *(path for path in found if path != named)]
    problems = []
    for path in found:
        problem = damage(path)
        if problem is None:
            if path != named:
                say(f'continues from {path}, the newest whole checkpoint')
            return path
        problems.append(f'{path} is {problem}')
        say(problems[-1])
    if problems:
        raise ValueError(
            f'{folder} has no whole checkpoint to go on from: '
            f'{"; ".join(problems)}: copy the checkpoints again, or train '
            'anew in another folder'
        )
    return None


def _numbered(folder: Path) -> list[Path]:
    """List the checkpoints of a folder, the newest first."""
    numbers = {}
    for path in folder.glob('*.pth'):
        match = NUMBERED.fullmatch(path.name)
        if match:
            numbers[path] = int(match['number'])
    return sorted(numbers, key=lambda path: numbers[path], reverse=True)


def _named(
    note: Path, folder: Path, say: Callable[[str], None]
) -> Path | None:
    """Get the file of a folder that ``last_checkpoint`` names, if it is there.

    Only its name counts: the path is that of the folder in which it was
    written.
    """
    if not note.is_file():
        return None
    text = note.read_text(errors='replace').strip()
    name = Path(text).name
    # Compared with the names that are there, as a damaged one can be any.
    if not folder.is_dir() or name not in os.listdir(folder):
        say(f'{note} names {text!r}, which is not in {folder}')
        return None
    named = folder / name
    if Path(text).resolve() != named.resolve():
        say(f'{note} names {text}, takes {named}')
    return named
