"""The checkpoints that a run has written."""

import os
import re
from pathlib import Path

from multimodal_rs.weights.checkpoint_files import damage
from multimodal_rs.weights.resume import resumable_checkpoint
from multimodal_rs.weights.trust import load_weights

BEST = re.compile(r'best_.+_(epoch|iter)_(?P<number>\d+)\.pth')


def best_checkpoint(folder: str | os.PathLike) -> Path:
    """Find the best checkpoint of a run, else its last one.

    Of several best ones (for several measures, what a kill has left, or of a
    training that was started anew in the folder) it is the one that was saved
    last. A damaged one is passed over for another best one, which is said,
    but not for the last: that would be a result of another kind.

    Args:
        folder: Work directory.

    Raises:
        FileNotFoundError: If there is neither.
        ValueError: If there are only damaged ones.
    """
    folder = Path(folder)
    best = sorted(folder.glob('best_*.pth'), key=_age)
    problems, whole = [], []
    for path in best:
        problem = damage(path)
        if problem is None:
            whole.append(path)
            continue
        problems.append(f'{path} is {problem}')
        print(problems[-1], flush=True)
    if whole:
        return max(whole, key=_saved) if whole[1:] else whole[0]
    if problems:
        raise ValueError(
            f'{folder} has no whole best checkpoint: {"; ".join(problems)}: '
            'copy it again, or remove it to take the last one instead'
        )
    last = resumable_checkpoint(folder)
    if last is None:
        raise FileNotFoundError(
            f'{folder}: expected the work directory of a run with best_*.pth '
            'or last_checkpoint, found neither: train first, or correct the '
            'path'
        )
    return last


def _saved(path: Path) -> str:
    """Return when a checkpoint was saved, as mmengine writes it into it.

    Copying does not change that. Empty where it is not known: the first of a
    list is then taken.
    """
    meta = load_weights(str(path)).get('meta', {})
    return str(meta.get('time', ''))


def _age(path: Path) -> tuple[int, float]:
    """Sort the latest first: by its name, then by its time of writing."""
    match = BEST.fullmatch(path.name)
    number = int(match['number']) if match else 0
    return -number, -path.stat().st_mtime
