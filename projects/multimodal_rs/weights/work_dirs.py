"""The checkpoints that a run has written."""

import os
from pathlib import Path


def best_checkpoint(folder: str | os.PathLike) -> Path:
    """Find the best checkpoint of a run, else its last one.

    Args:
        folder: Work directory.

    Raises:
        FileNotFoundError: If there is neither.
    """
    folder = Path(folder)
    best = sorted(folder.glob('best_*.pth'), key=os.path.getmtime)
    if best:
        return best[-1]
    last = folder / 'last_checkpoint'
    if not last.is_file():
        raise FileNotFoundError(
            f'{folder}: expected the work directory of a run with best_*.pth '
            'or last_checkpoint, found neither: train first, or correct the '
            'path'
        )
    # As mmengine wrote it: the folder may have been moved since.
    return folder / Path(last.read_text().strip()).name
