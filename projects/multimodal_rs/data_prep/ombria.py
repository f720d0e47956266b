"""Preparation of OMBRIA, usually in data/ombria.

The official test part stays as it is. There is no validation part: a tenth of
the official training part, 62 of 624 tiles, is taken out at random. Tiles of
the floods of 2021, if they are there, make a list of their own.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, hold_out
from multimodal_rs.utils.command_line import run


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make ``official-seed<seed>``: train, val, test and 2021."""
    parts = {
        part: [tile for tile in tiles if tile.startswith(f'{part}/')]
        for part in ('train', 'test', '2021')
    }
    train, val = hold_out(parts['train'], len(parts['train']) // 10, seed)
    split = {**parts, 'train': train, 'val': val}
    return {f'official-seed{seed}': split}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(__doc__, 'ombria.py', make_splits, arguments=arguments)


if __name__ == '__main__':
    run(main)
