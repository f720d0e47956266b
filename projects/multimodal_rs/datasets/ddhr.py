"""DDHR: land cover of three cities from Gaofen-2 and Gaofen-3."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset

# The data come without colours; these are ours.
COLOURS = dict(
    building=[255, 0, 0],
    road=[0, 255, 255],
    farmland=[204, 102, 0],
    greenery=[85, 167, 0],
    water=[0, 0, 255],
)


def _metainfo(*classes: str) -> dict:
    return dict(classes=classes, palette=[COLOURS[c] for c in classes])


class DDHRDataset(MultiModalSegDataset):
    """One city of DDHR; the cities differ in the order of the classes.

    Ren et al., "A dual-stream high resolution network: Deep fusion of GF-2
    and GF-3 data for land cover classification", Int. J. Applied Earth
    Observation and Geoinformation 112, 2022. Data:
    https://github.com/XD-MG/DDHRNet

    Dataset features:

    - Gaofen-2, three bands, pansharpened, and Gaofen-3, VV in spotlight
      mode, both resampled to 1 m; 256x256;
    - Dongying 7831 tiles, Pohang 6173, Xi'an not verified.

    Dataset format:

    - ``<city>/{GF2,GF3,label}/<id>.{jpg,jpg,png}``, ids are plain numbers;
      ``data_root`` is the folder of the city (Pohang's is named ``korea``);
    - 8-bit JPEG without physical units, nodata value or georeference. The
      SAR image may decode to three equal channels: read the first;
    - ``256_cloud`` has the optical tiles with clouds pasted on; not to be
      mixed with the clear ones;
    - the large images of Xi'an, Pohang and Shandong that the page offers
      since, too, are not read.

    Dataset classes: five, see each city; 255 (others) is ignored.

    Licence: none stated.
    """

    LABEL = dict(
        dir='label',
        suffix='.png',
        ids={0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 255: 255},
    )


@DATASETS.register_module()
class DongyingDataset(DDHRDataset):
    """Dongying. For everything else see :class:`DDHRDataset`.

    Dataset classes: 0 greenery, 1 farmland, 2 road, 3 building, 4 water.

    Note:
        **The names have to be checked by eye on the data.** Which id is which
        class in Dongying was never published. This is the order of the
        columns of Table III in the JoiTriNet paper. OA, kappa, mPA and mIoU
        do not depend on it, the rows of single classes do.
    """

    METAINFO = _metainfo('greenery', 'farmland', 'road', 'building', 'water')


@DATASETS.register_module()
class XianDataset(DDHRDataset):
    """Xi'an. For everything else see :class:`DDHRDataset`.

    Dataset classes: 0 building, 1 road, 2 farmland, 3 greenery, 4 water
    (answer of the authors in XD-MG/DDHRNet issue 1).
    """

    METAINFO = _metainfo('building', 'road', 'farmland', 'greenery', 'water')


@DATASETS.register_module()
class PohangDataset(DDHRDataset):
    """Pohang. For everything else see :class:`DDHRDataset`.

    Dataset classes: 0 building, 1 road, 2 farmland, 3 water, 4 greenery
    (answer of the authors in XD-MG/DDHRNet issue 1).

    Note:
        ASANet calls ids 2 and 4 greenery and farmland, the other way round.
    """

    METAINFO = _metainfo('building', 'road', 'farmland', 'water', 'greenery')
