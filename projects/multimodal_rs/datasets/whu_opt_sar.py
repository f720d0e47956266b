"""WHU-OPT-SAR: land use of Hubei from Gaofen-1 and Gaofen-3."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset


@DATASETS.register_module()
class WHUOptSARDataset(MultiModalSegDataset):
    """WHU-OPT-SAR, 100 map sheets of optical and SAR.

    Li et al., "MCANet: A joint semantic segmentation framework of optical and
    SAR images for land use classification", Int. J. Applied Earth Observation
    and Geoinformation 106, 2022. Data:
    https://github.com/AmberHen/WHU-OPT-SAR-dataset

    Dataset features:

    - Gaofen-1, red, green, blue and near infrared, and Gaofen-3, one channel,
      both at 5 m; 100 sheets of the 1:50,000 map of Hubei, 5556 x 3704
      pixels (width x height); some mirrors have only the 50 sheets whose
      names begin with NH49;
    - gross label errors, mostly land marked as water, are reported for
      NH49E011024, NH49E013018, NH49E013021, NH49E013023, NH49E014007,
      NH49E014017, NH49E014021, NH49E014022, NH50E007001, NH50E008003,
      NH50E013001, NH50E016002 and NI49E022015 (issue 24 of the repository,
      not answered); pixels lack in the middle of the image of NH49E010015
      (issue 3, confirmed by the author);
    - the proportions of the classes in the paper's table are wrong (notice of
      the authors). Of all pixels farmland has 34.4 %, city 4.7 %, village
      5.8 %, water 14.2 %, forest 37.6 %, road 1.0 %, others 1.7 %; 0.6 % have
      no label.

    Dataset format:

    - as distributed, ``{optical,sar,lbl}/NH49E001013.tif``, 8 bits; some
      copies call the first folder ``image``. ``intro/lbl`` has other labels
      under the same names and is not used;
    - as read, tiles of 256x256 that ``data_prep.whu_opt_sar`` cuts:
      ``tiles/{optical,sar,lbl}/NH49E001013/00256_01024.tif``, the row and the
      column of the sheet in which the tile begins; id
      ``NH49E001013/00256_01024``;
    - optical and SAR are 8-bit stretches without physical units. Whether the
      borders of the sheets that have no label are empty in the images too is
      not known; no nodata value is declared.

    Dataset classes, with the numbers in the file; 0 (background) is ignored:

    0. farmland (10)
    1. city (20)
    2. village (30)
    3. water (40)
    4. forest (50)
    5. road (60)
    6. others (70)

    Licence: none stated.

    Note:
        **The order of the optical bands has to be checked by eye on the
        data.** The repository's author answers differently: the first three
        bands are red, green, blue (issue 11, 2023), as here and in
        descriptions of the data; bands 3, 2, 1 are red, green, blue, and 4
        near infrared (issue 3, 2022). That the second is green and the
        fourth near infrared was measured by others, on 322 tiles: their
        water index is higher where the label is water. Networks take all
        four, so only pictures depend on the first and the third, and the
        weights of a stem that was trained on RGB. A copy in tiles of 512x512
        without labels, which counts rows and columns from 1, is not read.
    """

    METAINFO = dict(
        classes=(
            'farmland',
            'city',
            'village',
            'water',
            'forest',
            'road',
            'others',
        ),
        palette=[
            [204, 102, 0],
            [255, 0, 0],
            [255, 255, 0],
            [0, 0, 255],
            [85, 167, 0],
            [0, 255, 255],
            [153, 102, 153],
        ],
    )
    LABEL = dict(
        dir='tiles/lbl',
        suffix='.tif',
        ids={0: 255, 10: 0, 20: 1, 30: 2, 40: 3, 50: 4, 60: 5, 70: 6},
    )
