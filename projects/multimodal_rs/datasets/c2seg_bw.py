"""C2Seg-BW: land use of Beijing and Wuhan, one city to learn from."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset


@DATASETS.register_module()
class C2SegBWDataset(MultiModalSegDataset):
    """C2Seg-BW, the Chinese half of C2Seg: train on Beijing, test on Wuhan.

    Hong et al., "Cross-city matters: A multimodal remote sensing benchmark
    dataset for cross-city semantic segmentation using high-resolution domain
    adaptation networks", Remote Sensing of Environment 299, 2023. Data:
    https://github.com/danfenghong/RSE_Cross-city

    Dataset features:

    - Sentinel-2, the four bands of 10 m, and Sentinel-1, two channels in dB,
      at 10 m; a hyperspectral image of 116 bands at 30 m, of which
      ``c2seg_bw_hsi.py`` reads every pixel nine times;
    - Beijing 13474 x 8706 pixels, Wuhan 6225 x 8670 (height x width, as the
      authors' code reads them; not verified).

    Dataset format:

    - as distributed, ``data2/{beijing,wuhan}.mat`` with the variables HSI,
      MSI and SAR, and ``data2/{beijing,wuhan}_label.mat`` with ``label``,
      MATLAB 7.3, no georeference;
    - as read, tiles of 256x256 that ``data_prep.c2seg_bw`` cuts:
      ``tiles/{msi,sar,label}/beijing/00256_01024.tif``, the row and the
      column of the city in which the tile begins; id
      ``beijing/00256_01024``. Those of ``hsi`` are on request;
    - SAR has at least one NaN (Beijing).

    Dataset classes, with the numbers in the file and, where we shorten them,
    the published names; 0 (background) is ignored:

    0. surface water (1)
    1. street (2): street network
    2. urban fabric (3)
    3. industry (4): industrial, commercial, transport
    4. mine (5): mine, dump, construction
    5. artificial vegetation (6): artificial vegetated
    6. arable land (7)
    7. permanent crops (8)
    8. pasture (9)
    9. forest (10)
    10. shrub (11)
    11. open space (12): open space, no vegetation
    12. inland wetland (13)

    Licence: none stated for the data.

    Note:
        Neither the names of the bands nor their units are published. From
        the means that others give, the optical bands are blue, green, red
        and near infrared, reflectance x 10000, and the first SAR channel,
        the brighter one, is VV.

        Code of others finds reflectance of 0 to 1 in the hyperspectral bands
        of the scenes, and translates a variable ``label`` beside the images
        from -1, 5, 6, 11 to 14, 21 to 23, 31 to 33 and 41, numbers as those
        of CORINE land cover, to 255 and 1 to 13. That variable is not read.
        Five is water there and 41 wetland: in this order they are the
        classes above, which torchgeo and others number in the same way. If
        the files of labels hold those numbers, cutting or reading them ends
        in a message that names some: translate them first.
    """

    METAINFO = dict(
        classes=(
            'surface water',
            'street',
            'urban fabric',
            'industry',
            'mine',
            'artificial vegetation',
            'arable land',
            'permanent crops',
            'pasture',
            'forest',
            'shrub',
            'open space',
            'inland wetland',
        ),
        # Our own colours.
        palette=[
            [46, 110, 190],
            [120, 120, 120],
            [200, 40, 50],
            [170, 80, 160],
            [100, 50, 110],
            [150, 220, 130],
            [245, 225, 120],
            [235, 150, 60],
            [205, 235, 165],
            [20, 110, 50],
            [120, 150, 60],
            [190, 160, 120],
            [110, 190, 205],
        ],
    )
    LABEL = dict(
        dir='tiles/label',
        suffix='.tif',
        ids={0: 255, **{number: number - 1 for number in range(1, 14)}},
    )


@DATASETS.register_module()
class C2SegBWChallengeDataset(C2SegBWDataset):
    """C2Seg-BW as patches, the release of the 2023 WHISPERS challenge.

    REF-Net was trained on it. Classes as in :class:`C2SegBWDataset`. Data:
    https://www.ieee-whispers.com/cross-city-challenge/, ``C2Seg_BW.zip``, md5
    4728fa97747fad55de8c55fcbef8be60.

    Dataset features:

    - four optical bands and two SAR channels at 10 m, 256x256 pixels; 116
      hyperspectral bands on the same pixels, which
      ``c2seg_bw_challenge_hsi.py`` reads;
    - the test part has no labels.

    Dataset format:

    - GeoTIFF, ``{train,test}/{msi,sar,hsi}/<number>.tiff`` and
      ``train/label/<number>.tiff``; the id is the number. In ``train`` of the
      archive each layer is a further .zip file, to be unpacked there.

    Note:
        What follows is from others, not measured here. The train part has
        7140 patches, numbered in no order, one every 128 pixels of Beijing
        (105 x 68): neighbours share half of their pixels, and a random split
        has most validation pixels in training patches too. A description of
        the data names Sentinel-2 or Gaofen-6 and Sentinel-1 or Gaofen-3
        without saying which patches are of which. Order of the bands and
        units are taken to be those of the scenes, which published means
        agree with (see configs/_base_/datasets/c2seg_bw_challenge.py).
    """

    LABEL = dict(C2SegBWDataset.LABEL, dir='train/label', suffix='.tiff')
