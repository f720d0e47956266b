"""PIE-RGB-SAR: land cover from colours and Gaofen-3."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset


@DATASETS.register_module()
class PIERGBSARDataset(MultiModalSegDataset):
    """PIE-RGB-SAR, tiles of colours and radar.

    Zhang et al., "ASANet: Asymmetric semantic aligning network for RGB and
    SAR image land cover classification", ISPRS Journal of Photogrammetry and
    Remote Sensing 218, 2024. Data: https://github.com/whu-pzhang/ASANet

    Dataset features:

    - red, green and blue, and Gaofen-3, one channel, both 8 bits; 256x256.
      The radar was stretched for each scene, between its 2nd and 98th
      percentile; the scenes are not published, and the tiles do not say where
      they lie.

    Dataset format:

    - ``{rgb,sar,label}/<id>.tif``, and ``train.txt`` and ``val.txt`` with one
      id per line. There is no third list: papers report scores on ``val``;
    - the radar may have one band or three equal ones: the first is read.

    Dataset classes, with the numbers in the file. All of them are scored, the
    background too:

    0. background (0)
    1. city (1)
    2. road (2)
    3. water (3)
    4. forest (4)
    5. farmland (5)

    Licence: none stated for the data.

    Note:
        The data were not at hand. Layout, numbers and colours are those of
        the authors' config; how many tiles there are, their resolution and
        the order of the three optical bands were not verified.
    """

    METAINFO = dict(
        classes=('background', 'city', 'road', 'water', 'forest', 'farmland'),
        palette=[
            [128, 128, 128],
            [235, 51, 36],
            [255, 253, 85],
            [66, 236, 245],
            [56, 168, 0],
            [168, 112, 0],
        ],
    )
    LABEL = dict(
        dir='label', suffix='.tif', ids={number: number for number in range(6)}
    )
