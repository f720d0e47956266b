"""Preparation of PIE-RGB-SAR, usually in data/pie_rgb_sar.

Unpack the archive there, so that there are the folders rgb, sar and label and
the lists train.txt and val.txt. One split is written below splits:

official-seed<seed>
    The list val.txt is for testing, as papers report their scores on it. A
    tenth of train.txt, taken out at random, is for validation. Whether tiles
    of two lists are neighbours, the data do not tell.

To train on all of train.txt, as the authors do, name the lists of the archive
in `ann_file`: they are read as they are.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from multimodal_rs.data_prep.prepare import prepare, usual_parser
from multimodal_rs.data_prep.splits import Split, hold_out, natural_sort
from multimodal_rs.datasets.io.split_list import read_split_list
from multimodal_rs.utils.command_line import run

CONFIG = 'pie_rgb_sar.py'


def make_splits(
    data_root: Path, tiles: Sequence[str], seed: int
) -> dict[str, Split]:
    """Make ``official-seed<seed>``: train, val and test."""
    listed, test = (
        read_list(data_root / name, tiles) for name in ('train.txt', 'val.txt')
    )
    train, val = hold_out(listed, len(listed) // 10, seed)
    return {f'official-seed{seed}': dict(train=train, val=val, test=test)}


def read_list(path: Path, tiles: Sequence[str]) -> list[str]:
    """Read a list of the archive.

    Args:
        path: The list.
        tiles: Those that are complete.

    Raises:
        FileNotFoundError: If it is not there, or names a tile that lacks a
            file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist, expected the list of the archive with '
            'one tile per line: put it there'
        )
    listed = natural_sort(read_split_list(str(path)))
    complete = set(tiles)
    missing = [tile for tile in listed if tile not in complete]
    if missing:
        raise FileNotFoundError(
            f'{path} lists {len(missing)} of {len(listed)} tiles that lack a '
            f'file, {", ".join(missing[:5])}. Expected one in each of rgb, '
            'sar and label: unpack the archive completely, or take these '
            'lines out'
        )
    return listed


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    args = usual_parser(__doc__, CONFIG).parse_args(arguments)
    return prepare(
        __doc__,
        CONFIG,
        partial(make_splits, args.data_root),
        arguments=arguments,
    )


if __name__ == '__main__':
    run(main)
