"""Berlin and Augsburg: land use from hyperspectral and SAR data."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.sparse_scene import SparseSceneDataset

COLOURS = {
    'forest': [20, 95, 40],
    'residential': [215, 90, 110],
    'industrial': [140, 70, 150],
    'low plants': [150, 210, 90],
    'soil': [165, 110, 65],
    'allotment': [240, 200, 110],
    'commercial': [235, 130, 50],
    'water': [40, 100, 210],
}


def _meta(*classes: str) -> dict:
    # Our own colours: there are no official ones.
    return dict(classes=classes, palette=[COLOURS[c] for c in classes])


@DATASETS.register_module()
class BerlinDataset(SparseSceneDataset):
    """HS-SAR Berlin.

    Hong et al., "Multimodal remote sensing benchmark datasets for land cover
    classification with a shared and specific feature learning model", ISPRS
    Journal 178, 2021, https://doi.org/10.1016/j.isprsjprs.2021.05.011. Data:
    https://github.com/danfenghong/ISPRS_S2FL

    Dataset features:

    - 1723 x 476 pixels of 13.89 m; 244 bands of a simulated EnMAP image,
      which was enlarged to the grid of the SAR image, and four features of
      Sentinel-1's two polarisations (of a sister scene they are said to be
      two intensities, real and imaginary part of the cross term);
    - 2820 pixels for training, 461851 for testing.

    Dataset format:

    - ``data_HS_LR.mat, data_SAR_HR.mat, TrainImage.mat, TestImage.mat`` with
      variables of these names, or ``berlin_{hsi,sar,gt,index}.mat``, where
      ``berlin_train`` and ``berlin_test`` of the last list rows and columns;
    - as read, what ``data_prep.berlin`` makes of either of them:
      ``scene/{hsi,sar}/berlin.tif`` and
      ``labels/official/{train,val,test}/berlin.tif``.

    Dataset classes, with the numbers in the files; 0 is unlabelled:

    0. forest (1)
    1. residential (2)
    2. industrial (3)
    3. low plants (4)
    4. soil (5)
    5. allotment (6)
    6. commercial (7)
    7. water (8)

    Licence: see the pages of the data.

    Note:
        Size, bands, names and order of the classes, and that the lists of
        rows and columns count from 0, are as the package rs-fusion-datasets
        1.0.0 has them. The counts of single classes are from memory; their
        sums are the published ones, and the preparation compares them with
        the files. No file of the data set was at hand.
    """

    METAINFO = _meta(*COLOURS)
    LABEL = dict(
        dir='labels/official/train',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 9)}},
    )
    OFFICIAL = dict(
        train=(443, 423, 499, 376, 331, 280, 298, 170),
        test=(54511, 268219, 19067, 58906, 17095, 13025, 24526, 6502),
    )


@DATASETS.register_module()
class AugsburgDataset(SparseSceneDataset):
    """HS-SAR-DSM Augsburg, the sister scene of :class:`BerlinDataset`.

    Source and citation as there.

    Dataset features:

    - 332 x 485 pixels of 30 m; 180 hyperspectral bands of HySpex, 16-bit,
      four features of Sentinel-1, and a surface model in some distributions;
    - 761 pixels for training, 77533 for testing; of one class seven are for
      training.

    Dataset format:

    - ``data_HS_LR.mat, data_SAR_HR.mat, data_DSM.mat, TrainImage.mat,
      TestImage.mat``, or ``augsburg_{hsi,sar,gt,index}.mat`` (without the
      surface model), as in :class:`BerlinDataset`;
    - as read, what ``data_prep.augsburg`` makes of either of them:
      ``scene/{hsi,sar,dsm}/augsburg.tif`` and
      ``labels/official/{train,val,test}/augsburg.tif``.

    Dataset classes, with the numbers in the files; 0 is unlabelled. There is
    no soil, which some lists of names have:

    0. forest (1)
    1. residential (2)
    2. industrial (3)
    3. low plants (4)
    4. allotment (5)
    5. commercial (6)
    6. water (7)

    Licence: see the pages of the data.

    Note:
        As in :class:`BerlinDataset`, but loaders of others compare the label
        files with these counts of single classes.
    """

    METAINFO = _meta(*(name for name in COLOURS if name != 'soil'))
    LABEL = dict(
        dir='labels/official/train',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 8)}},
    )
    OFFICIAL = dict(
        train=(146, 264, 21, 248, 52, 7, 23),
        test=(13361, 30065, 3830, 26609, 523, 1638, 1507),
    )
