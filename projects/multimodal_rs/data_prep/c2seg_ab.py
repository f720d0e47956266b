"""Preparation of C2Seg-AB, usually in data/c2seg_ab.

Put the folder data1 of the download, or what is in it, there. Both cities are
cut into tiles of 256x256 below tiles. What is left at the right and at the
bottom is not used. An interrupted run goes on where it stopped; a second one
changes nothing. Afterwards the .mat files may be removed.

Where the file of Berlin has more hyperspectral bands than that of Augsburg,
its first 242 are cut, as the authors' code takes them, and a remark says so.

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
from dataclasses import replace
from pathlib import Path

from multimodal_rs.data_prep.c2seg_bw import cross_city, find_cities
from multimodal_rs.data_prep.first_bands import FirstBandsLayer
from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.scenes import Scene, scene_of
from multimodal_rs.data_prep.splits import Split
from multimodal_rs.utils.command_line import run

CITIES = ('augsburg', 'berlin')
# Layer -> what follows the city in the name of its file.
FILES = dict.fromkeys(('hsi', 'msi', 'sar', 'label'), '_multimodal.mat')
BANDS = 242  # of Augsburg's hyperspectral image


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the two splits; there is nothing random in them."""
    return cross_city(tiles, *CITIES)


def find_scenes(data_root: Path) -> list[Scene]:
    """List the cities whose files are in a folder.

    Raises:
        ValueError: If a file is damaged, or it does not tell which of its
            variables is a layer.
    """
    return [
        _with_bands_of_augsburg(scene) if scene.name == 'berlin' else scene
        for scene in find_cities(data_root, 'data1', CITIES, FILES)
    ]


def _with_bands_of_augsburg(scene: Scene) -> Scene:
    whole = scene.layers['hsi']
    hsi = FirstBandsLayer(whole.path, whole.key, limit=BANDS)
    return replace(scene, layers={**scene.layers, 'hsi': hsi})


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
