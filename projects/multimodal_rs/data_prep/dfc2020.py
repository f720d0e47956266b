"""Preparation of DFC2020, usually in data/dfc2020.

Two splits are written below ``splits``:

random-622-seed<seed>
    6:2:2 by tile, as in the JoiTriNet paper. Every region is in all three
    parts, so the scores say nothing about a region that was not seen.

geographic
    No region is in two parts. City layout: whole scenes, about 6:2:2.
    Contest layout: the file names do not tell the scenes of a folder apart.
    The 5128 tiles of ROIs0000_test are for training, because there are more
    of them from more regions, the 986 of ROIs0000_validation for testing.
    Validation is the last fifth of ROIs0000_test by tile number: one block,
    so that it touches the training tiles in few places, but of the same
    regions.

Copernicus-Bench's copy has the tiles of ROIs0000_test only: the geographic
split has no test list there. Its own lists, dfc-train-new.csv and so on, are
read as they are.

The lists of REF-Net and MCF-Mamba are read as they are: put them anywhere,
for instance into splits/ref-net, and name them in `ann_file`.

With `--config dfc2020_modis.py`, the contest's weak labels, in the folders
lc_..., are counted or checked.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import (
    Split,
    natural_sort,
    random_split,
    scene_split,
)
from multimodal_rs.datasets.dfc2020 import scene_of
from multimodal_rs.utils.command_line import run

# Of 6114 tiles: train 3784 (BlackForest 1444, CapeTown 1440, Mumbai 900).
VAL_SCENES = ('autumn_BandarAnzali', 'summer_Chabarovsk')  # 676 + 486
TEST_SCENES = ('winter_KippaRing', 'winter_MexicoCity')  # 684 + 484
CONTEST_SCENES = ('validation_0', 'test_0')


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the random and the geographic split.

    Raises:
        ValueError: If the folder has both layouts, so every tile twice.
    """
    contest = {scene_of(tile) in CONTEST_SCENES for tile in tiles}
    if len(contest) > 1:
        raise ValueError(
            'the folder has the contest layout and the city layout of the '
            'same tiles: move one of them elsewhere'
        )
    geographic = contest_split if contest.pop() else city_split
    return {
        f'random-622-seed{seed}': random_split(tiles, seed),
        'geographic': geographic(tiles),
    }


def city_split(tiles: Sequence[str]) -> Split:
    """Divide whole scenes."""
    return scene_split(tiles, scene_of, VAL_SCENES, TEST_SCENES)


def contest_split(tiles: Sequence[str]) -> Split:
    """Divide by folder, and the larger one by tile number."""
    split = scene_split(tiles, scene_of, (), ('validation_0',))
    train = natural_sort(split['train'])
    kept = len(train) - len(train) // 5
    return dict(train=train[:kept], val=train[kept:], test=split['test'])


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__, 'dfc2020_rgb.py', make_splits, scene_of, arguments=arguments
    )


if __name__ == '__main__':
    run(main)
