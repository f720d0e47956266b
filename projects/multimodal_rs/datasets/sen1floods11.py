"""Sen1Floods11: floods of eleven countries in Sentinel-1 and Sentinel-2."""

import re

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.split_list import the_one_tile

EXAMPLE = 'Ghana_83483'
# A chip, alone or at the beginning of the name of one of its files.
CHIP = re.compile(r'(?<![0-9A-Za-z])([A-Z][A-Za-z-]*_[0-9]+)(?![0-9A-Za-z])')


@DATASETS.register_module()
class Sen1Floods11Dataset(MultiModalSegDataset):
    """Sen1Floods11, the hand-labelled chips of version 1.1.

    Bonafilia et al., "Sen1Floods11: a georeferenced dataset to train and test
    deep learning flood algorithms for Sentinel-1", CVPR Workshops 2020. Data:
    https://github.com/cloudtostreet/Sen1Floods11

    Dataset features:

    - Sentinel-1, VV and VH, and Sentinel-2, 13 bands, both at 10 m;
      512x512; 446 chips of eleven floods, Bolivia 15, Ghana 53, India 68,
      Mekong 30, Nigeria 18, Pakistan 28, Paraguay 67, Somalia 26, Spain 30,
      Sri-Lanka 42, USA 69 (the counts of the published metadata);
    - all water is labelled by hand, flood and permanent water alike;
    - the 4,385 chips with weak labels, which have no Sentinel-2, and those of
      permanent water are not read.

    Dataset format, in the folder that is called v1.1 in the archive. (The
    files of version 1.0 are named otherwise, ``..._S1.tif`` and
    ``..._QC.tif``, and are not read.)

    - ``data/flood_events/HandLabeled/S1Hand/Ghana_83483_S1Hand.tif``, and
      likewise ``S2Hand`` and ``LabelHand``: tile id ``Ghana_83483``. A
      modality declares folder and suffix;
    - S1Hand: float32, dB, NaN where empty, which may be the whole chip; such
      a chip lacks the modality. S2Hand: int16, top-of-atmosphere reflectance
      x 10000, 0 where empty. The page of the data calls S2Hand unsigned;
    - the labels of a chip may be -1 everywhere.

    A split list has on each line an id, or names of a chip's files: the
    official lists ``splits/flood_handlabeled/flood_train_data.csv`` and so
    on (252, 89 and 90 chips, and Bolivia's 15) are read as they are.

    Dataset classes, with the numbers in the file; -1 (unknown) is ignored:

    0. land (0)
    1. water (1)

    Licence: CC BY 4.0, not verified; the authors ask for the citation.
    """

    METAINFO = dict(
        classes=('land', 'water'), palette=[[222, 211, 180], [0, 92, 230]]
    )
    LABEL = dict(
        dir='data/flood_events/HandLabeled/LabelHand',
        suffix='_LabelHand.tif',
        ids={-1: 255, 0: 0, 1: 1},
    )

    def tile_id(self, line: str, first: bool) -> str:
        """Find the one chip that a line names.

        Raises:
            ValueError: If it names none, or several.
        """
        named = CHIP.findall(line)
        help_with = self.ann_file, EXAMPLE, 'sen1floods11', 'chip'
        return the_one_tile(line, named, *help_with)


def event_of(chip: str) -> str:
    """Get the flood of a chip, ``Ghana`` of ``Ghana_83483``."""
    return chip.partition('_')[0]
