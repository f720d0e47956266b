"""Preparation of Globe230k, usually in data/globe230k.

Images and labels come from one place, NDVI, elevation and SAR from another:
put all of them there as image_patch, label_patch, ndvi_patch, dem_patch and
vvvh_patch. Elevation is read with ``--config globe230k_dem.py`` only. One
split is written below splits:

random-622-seed<seed>
    6:2:2 by tile. Whether tiles of two lists can be neighbours, the ids do
    not tell.

The lists that DF2RQ was trained with are not published. Its code reads
train_num.txt, val_num.txt and test_num.txt in the folder itself, one id per
line; such lists are read as they are, name them in `ann_file`. So are those
of the data set's authors, of a split of 7:1:2, if you have them: they have one
id per line, such as data_3.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, random_split
from multimodal_rs.utils.command_line import run


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make ``random-622-seed<seed>``."""
    return {f'random-622-seed{seed}': random_split(tiles, seed)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(__doc__, 'globe230k.py', make_splits, arguments=arguments)


if __name__ == '__main__':
    run(main)
