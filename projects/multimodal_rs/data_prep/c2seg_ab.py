"""Preparation of C2Seg-AB, usually in data/c2seg_ab.

Put the folder data1 of the download, or what is in it, there. Both cities are
cut into tiles of 256x256 below tiles. What is left at the right and at the
bottom is not used. An interrupted run goes on where it stopped; a second one
changes nothing. Afterwards the .mat files may be removed.

Two splits are written below splits:

official
    Training on all of Augsburg, testing on all of Berlin. There is no
    validation part.

cross-city
    The same, with a validation part: the last fifth of Augsburg's tiles from
    top to bottom. It is of the city that was trained on: how well a network
    does in another city is for the test to say.
"""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.c2seg_bw import cross_city, find_cities
from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.scenes import Scene, scene_of
from multimodal_rs.data_prep.splits import Split
from multimodal_rs.utils.command_line import run

CITIES = ('augsburg', 'berlin')
# Layer -> what follows the city in the name of its file.
FILES = dict.fromkeys(('hsi', 'msi', 'sar', 'label'), '_multimodal.mat')


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the two splits; there is nothing random in them."""
    return cross_city(tiles, *CITIES)


def find_scenes(data_root: Path) -> list[Scene]:
    """List the cities whose files are in a folder.

    Raises:
        ValueError: If a file is damaged, or it does not tell which of its
            variables is a layer.
    """
    return find_cities(data_root, 'data1', CITIES, FILES)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__,
        'c2seg_ab.py',
        make_splits,
        scene_of,
        find_scenes,
        arguments=arguments,
    )


if __name__ == '__main__':
    run(main)
