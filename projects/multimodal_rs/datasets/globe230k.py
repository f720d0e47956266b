"""Globe230k: land cover of the world from very high resolution images."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset


@DATASETS.register_module()
class Globe230kDataset(MultiModalSegDataset):
    """Globe230k, 232,819 tiles at 1 m.

    Shi et al., "Globe230k: A benchmark dense-pixel annotation dataset for
    global land cover mapping", Journal of Remote Sensing 3, 2023. Data:
    https://zenodo.org/records/10435661 (images and labels; the third version
    of the record). NDVI, elevation and SAR (164, 1.9 and 372 GB) are at the
    Baidu address that the record gives.

    Dataset features:

    - red, green and blue from Google Earth, 8 bits; NDVI, elevation in metres
      and Sentinel-1 in dB, resampled to the same grid; 512x512 at 1 m. Only
      the images and the labels have details of 1 m.

    Dataset format:

    - ``{image,ndvi,dem,vvvh,label}_patch/<id>.{jpg,tif,tif,tif,png}``, as
      DF2RQ's code expects them, for instance ``image_patch/data_1.jpg``: id
      ``data_1``. Split lists are written by ``data_prep.globe230k``;
    - NDVI may be NaN in a part of a tile or in all of it; such a tile lacks
      that modality.

    Dataset classes, with the numbers in the file; 0 (no label) is ignored:

    0. cropland (1)
    1. forest (2)
    2. grass (3)
    3. shrub (4)
    4. wetland (5)
    5. water (6)
    6. tundra (7)
    7. impervious surface (8)
    8. bareland (9)
    9. ice/snow (10)

    Licence: CC BY 4.0, as the record at Zenodo says according to others.

    Note:
        In spite of the name of its folder, ``vvvh``, the first SAR channel
        seems to be VH: DF2RQ's means are -18.1 dB for the first and -11.1 dB
        for the second, and VV is the brighter one. **To be checked on the
        data**; networks take both.
    """

    METAINFO = dict(
        classes=(
            'cropland',
            'forest',
            'grass',
            'shrub',
            'wetland',
            'water',
            'tundra',
            'impervious surface',
            'bareland',
            'ice/snow',
        ),
        palette=[
            [252, 250, 205],
            [0, 123, 79],
            [157, 221, 106],
            [77, 208, 159],
            [111, 208, 242],
            [10, 78, 151],
            [92, 106, 55],
            [155, 36, 22],
            [205, 205, 205],
            [211, 242, 255],
        ],
    )
    LABEL = dict(
        dir='label_patch',
        suffix='.png',
        ids={0: 255, **{number: number - 1 for number in range(1, 11)}},
    )


@DATASETS.register_module()
class Globe230kSurplusDataset(Globe230kDataset):
    """Globe230k for networks with the 13 outputs of DF2RQ's authors.

    The last three are left over from another data set. No pixel has such a
    label; where one of them is predicted, the pixel's class is missed.
    """

    METAINFO = dict(
        classes=(
            *Globe230kDataset.METAINFO['classes'],
            *('surplus 10', 'surplus 11', 'surplus 12'),
        ),
        palette=[
            *Globe230kDataset.METAINFO['palette'],
            *([255, 0, 255], [255, 0, 200], [255, 0, 150]),
        ],
    )
