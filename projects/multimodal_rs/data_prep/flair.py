"""Preparation of FLAIR #2, usually in data/flair.

Unpack the archives of the aerial images and of the labels there, so that
there are data/flair/flair_aerial_train/D004_2021 and so on, or those of
Hugging Face, each into a folder of its name: data/flair/train-val/D004_2021
and data/flair/flair#2-test/D015_2020. The test part may be left out. One split
is written below splits:

official
    The domains of the authors' baseline: eight of the training archive are
    for validation, the others for training; the test archive is for testing.
    No domain is in two lists.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, natural_sort
from multimodal_rs.utils.command_line import run

VALIDATION = (
    'D004_2021',
    'D014_2020',
    'D029_2021',
    'D031_2019',
    'D058_2020',
    'D066_2021',
    'D067_2021',
    'D077_2021',
)


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the official split; there is nothing random in it."""
    split: Split = dict(train=[], val=[], test=[])
    for tile in tiles:
        part, domain, *_ = tile.split('/')
        split['val' if domain in VALIDATION else part].append(tile)
    return {'official': {n: natural_sort(part) for n, part in split.items()}}


def domain_of(tile: str) -> str:
    """Get the department and year of a tile."""
    return tile.split('/')[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__, 'flair.py', make_splits, domain_of, arguments=arguments
    )


if __name__ == '__main__':
    run(main)
