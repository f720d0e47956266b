"""Trento and MUUFL Gulfport: hyperspectral and LiDAR data."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.sparse_scene import SparseSceneDataset


@DATASETS.register_module()
class TrentoDataset(SparseSceneDataset):
    """Trento: a rural scene from hyperspectral and LiDAR data.

    Used since Ghamisi et al., "Hyperspectral and LiDAR Data Fusion Using
    Extinction Profiles and Deep Convolutional Neural Network", IEEE JSTARS
    10(6), 2017, https://doi.org/10.1109/JSTARS.2016.2634863. There is no
    official place of the data; https://github.com/tyust-dayu/Trento holds a
    copy.

    Dataset features:

    - 166 x 600 pixels of 1 m; AISA Eagle, 63 bands from 403 to 989 nm, and
      two rasters from LiDAR;
    - 30214 labelled pixels. The split that the literature uses has 819 of
      them for training.

    Dataset format:

    - ``hyper_Italy.tif, LiDAR_Italy.tif`` and ``TNsecSUBS_{Train,Test}.mat``
      (variables of these names), or ``{HSI,LiDAR,TRLabel,TSLabel}.mat``. The
      raster called Test holds the training pixels, too: they are taken out
      of it;
    - ``Italy_hsi.mat, Italy_lidar.mat`` (variable ``data``) and
      ``allgrd.mat`` (``mask_test``), or ``HSI_Trento.mat,
      Lidar1_Trento.mat`` (or ``Lidar_Trento.mat``) and ``GT_Trento.mat``:
      all labels in one raster, without a split. They get one of ours,
      ``blocks``, whose training and test pixels lie in different blocks of
      the scene;
    - as read, what ``data_prep.trento`` makes of it:
      ``scene/{hsi,lidar}/trento.tif`` and
      ``labels/<split>/{train,val,test}/trento.tif``.

    Dataset classes, with the numbers in the files; 0 is unlabelled:

    0. apple trees (1)
    1. buildings (2)
    2. ground (3)
    3. woods (4)
    4. vineyard (5)
    5. roads (6)

    Licence: none stated.

    Note:
        No file was at hand. The counts of the split are those of published
        tables, and of loaders of others that compare the label files with
        them (819 pixels for training, 30214 in ``TNsecSUBS_Test``); the
        preparation compares them, too.
    """

    METAINFO = dict(
        classes=(
            'apple trees',
            'buildings',
            'ground',
            'woods',
            'vineyard',
            'roads',
        ),
        palette=[
            [150, 210, 90],
            [215, 90, 110],
            [165, 110, 65],
            [20, 95, 40],
            [180, 120, 200],
            [150, 150, 150],
        ],
    )
    LABEL = dict(
        dir='labels/official/train',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 7)}},
    )
    OFFICIAL = dict(
        train=(129, 125, 105, 154, 184, 122),
        test=(3905, 2778, 374, 8969, 10317, 3052),
    )


@DATASETS.register_module()
class MUUFLDataset(SparseSceneDataset):
    """MUUFL Gulfport: a campus from hyperspectral and LiDAR data.

    Gader et al., "MUUFL Gulfport Hyperspectral and LiDAR Airborne Data Set",
    University of Florida, REP-2013-570, 2013; labels: Du and Zare, "Scene
    Label Ground Truth Map for MUUFL Gulfport Data Set", 2017. Data:
    https://doi.org/10.5281/zenodo.1186326

    Dataset features:

    - 325 x 220 pixels of about 1 m; 64 bands, and two rasters of heights
      from LiDAR;
    - 53687 labelled pixels. There is no official split: the literature draws
      pixels at random, whose neighbours are then in the test. The split here
      is one of ours, ``blocks``, whose training and test pixels lie in
      different blocks of the scene.

    Dataset format:

    - ``muufl_gulfport_campus_1_hsi_220_label.mat``, one structure ``hsi``
      with ``Data``, ``Lidar`` and ``sceneLabels``, or
      ``HSI.mat, LiDAR.mat, labels.mat`` with one variable in each;
    - ``HSI.mat, LiDAR.mat, muufl_tr.mat, muufl_ts.mat``, whose labels are a
      random draw for training and test: they are joined;
    - as read, what ``data_prep.muufl`` makes of it:
      ``scene/{hsi,lidar}/muufl.tif`` and
      ``labels/blocks/{train,val,test}/muufl.tif``.

    Dataset classes, with the numbers in the file; -1 is unlabelled:

    0. trees (1)
    1. mostly grass (2)
    2. mixed ground (3)
    3. dirt and sand (4)
    4. road (5)
    5. water (6)
    6. building shadow (7)
    7. buildings (8)
    8. sidewalk (9)
    9. yellow curb (10)
    10. cloth panels (11)

    Licence: MIT, of the repository that distributes the data.

    Note:
        The file was not at hand: its structure is as others read it. The
        README of the labels
        (https://github.com/GatorSense/MUUFLGulfport) calls number 7
        buildings and 8 their shadow. Here they are named as in the published
        tables of 2233 shadow and 6240 building pixels: loaders of others
        compare the files with 2233 pixels of number 7 and 6240 of number 8.
        The preparation compares all of these counts (:attr:`TOTAL`) and makes
        a remark if they differ.
    """

    METAINFO = dict(
        classes=(
            'trees',
            'mostly grass',
            'mixed ground',
            'dirt and sand',
            'road',
            'water',
            'building shadow',
            'buildings',
            'sidewalk',
            'yellow curb',
            'cloth panels',
        ),
        palette=[
            [20, 95, 40],
            [150, 210, 90],
            [190, 190, 120],
            [165, 110, 65],
            [110, 110, 120],
            [40, 100, 210],
            [70, 50, 110],
            [215, 90, 110],
            [200, 200, 200],
            [245, 225, 60],
            [230, 120, 40],
        ],
    )
    LABEL = dict(
        dir='labels/blocks/train',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 12)}},
    )
    # fmt: off
    TOTAL = (
        23246, 4270, 6882, 1826, 6687, 466, 2233, 6240, 1385, 183, 269,
    )
    # fmt: on
