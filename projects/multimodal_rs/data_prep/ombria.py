"""Preparation of OMBRIA, usually in data/ombria.

The official test part stays as it is. There is no validation part: a tenth of
the official training part, 62 of 624 tiles, is taken out at random.

Tiles of the floods of 2021, if they are there, make a list of their own,
2021.txt, for testing, flood by flood: `tools/test.py CONFIG CHECKPOINT
--test-on ombria_2021.py`. They may also be alone in a folder.

A second folder, ``floods-seed<seed>``, keeps four floods apart: all of their
tiles, of the official training and test part alike, are for testing, beside
the official test tiles of the others.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, hold_out
from multimodal_rs.utils.command_line import run

# Tiles are numbered flood by flood, row by row: borders of successive numbers
# fit together, and between these ranges nothing does. The first two look alike
# and may be one place. They were chosen for looking different from the rest,
# before any network was tested with them.
APART = ((1, 31), (313, 341), (258, 312), (399, 435), (721, 787))


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make ``official-seed<seed>`` and ``floods-seed<seed>``."""
    apart = [tile for tile in tiles if lies_apart(tile)]
    rest = [tile for tile in tiles if not lies_apart(tile)]
    floods = _divided(rest, seed)
    floods.pop('2021')
    return {
        f'official-seed{seed}': _divided(tiles, seed),
        f'floods-seed{seed}': {**floods, 'test': floods['test'] + apart},
    }


def lies_apart(tile: str) -> bool:
    """Say whether a tile is of the floods that are kept apart."""
    part, _, number = tile.partition('/')
    return part != '2021' and any(a <= int(number) <= b for a, b in APART)


def _divided(tiles: Sequence[str], seed: int) -> Split:
    parts = {
        part: [tile for tile in tiles if tile.startswith(f'{part}/')]
        for part in ('train', 'test', '2021')
    }
    train, val = hold_out(parts['train'], len(parts['train']) // 10, seed)
    return {**parts, 'train': train, 'val': val}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(__doc__, 'ombria.py', make_splits, arguments=arguments)


if __name__ == '__main__':
    run(main)
