"""Preparation of SEN12MS, usually in data/sen12ms.

Unpack the archives there, so that there are data/sen12ms/ROIs1158_spring/s1_1
and so on, or data/sen12ms/ROIs1158_spring_s1/s1_1 where each archive has a
folder of its own. Some of the seasons are enough. Two splits are written below
splits:

holdout-seed<seed>
    The authors' hold-out scenes, a tenth of the patches, are for testing. A
    tenth of the other scenes, taken at random, is for validation. No scene is
    in two parts.

official
    The same hold-out scenes for testing, all others for training. The authors
    have no validation part, and this split has none.

The authors' train_list.txt and test_list.txt are read as they are: put them
anywhere, for instance into splits/authors, and name them in `ann_file`. The
test list has the patches of the hold-out scenes.

Labels are MODIS land cover at 500 m; see the class SEN12MSDataset.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, hold_out, scene_split
from multimodal_rs.datasets.sen12ms import SEN12MSDataset
from multimodal_rs.utils.command_line import run

# Season -> scenes of the authors' file SEN12MS_holdOutScenes.txt.
HOLD_OUT = dict(
    spring=(15, 17, 63, 97, 124, 146),
    summer=(15, 19, 43, 72, 79, 104, 131),
    fall=(30, 35, 39, 47, 61, 120, 141, 144),
    winter=(32, 64, 107, 135, 146),
)
TEST_SCENES = {f'{s}_{n}' for s, numbers in HOLD_OUT.items() for n in numbers}

scene_of = SEN12MSDataset.scene_of


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Divide by scene, with and without a part for validation."""
    others = set(map(scene_of, tiles)) - TEST_SCENES
    count = max(1, len(others) // 10) if len(others) > 1 else 0
    _, val = hold_out(sorted(others), count, seed)
    return {
        f'holdout-seed{seed}': scene_split(tiles, scene_of, val, TEST_SCENES),
        'official': scene_split(tiles, scene_of, (), TEST_SCENES),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__, 'sen12ms.py', make_splits, scene_of, arguments=arguments
    )


if __name__ == '__main__':
    run(main)
