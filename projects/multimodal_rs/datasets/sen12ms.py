"""SEN12MS: the world in Sentinel-2 and Sentinel-1, with weak labels."""

from mmseg.registry import DATASETS

from multimodal_rs.datasets.rois import SIMPLIFIED, ROIsDataset

# Its SAR patch is damaged; the authors have taken it out of their lists.
DAMAGED = 'ROIs1868_summer_146_p202'


@DATASETS.register_module()
class SEN12MSDataset(ROIsDataset):
    """SEN12MS with the ten classes of the simplified IGBP scheme.

    Schmitt et al., "SEN12MS - a curated dataset of georeferenced
    multi-spectral Sentinel-1/2 imagery for deep learning and data fusion",
    ISPRS Annals IV-2/W7, 2019,
    https://doi.org/10.5194/isprs-annals-IV-2-W7-153-2019. Data:
    https://mediatum.ub.tum.de/1474000

    Dataset features:

    - Sentinel-2, 13 bands, and Sentinel-1, VV and VH, at 10 m; 256x256;
      180,662 patches from all over the world, in four seasons;
    - **weak labels**: MODIS land cover at 500 m, resampled. A patch has some
      five by five different ones, wrong at their borders and wherever a cell
      has several classes. Scores on them say how well MODIS is reproduced,
      not how right a map is; DFC2020 has labels at 10 m for such patches.

    Dataset format:

    - ``ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif``: tile id
      ``ROIs1158_spring_1_p30``. Scenes of different seasons have the same
      numbers, so that the season is a part of the id;
    - s2: uint16, top-of-atmosphere reflectance x 10000, bands
      :data:`~multimodal_rs.datasets.rois.S2_BANDS`; s1: float32, sigma0 in
      dB, VV and VH; lc: four layers, the first is the class of the IGBP. A
      modality declares ``s2`` or ``s1`` as its directory;
    - the SAR patch of :data:`DAMAGED` is damaged: that tile is not listed.

    A split list has on each line an id or a file of a tile in any layer: the
    authors' ``train_list.txt`` and ``test_list.txt`` are read as they are.

    (Bands and layers are as the readers of the authors and of torchgeo have
    them.)

    Dataset classes, with the numbers of the IGBP in the file; 0 is ignored:

    0. forest (1 to 5)
    1. shrubland (6, 7)
    2. savanna (8, 9)
    3. grassland (10)
    4. wetland (11)
    5. cropland (12, 14)
    6. urban (13)
    7. snow/ice (15)
    8. barren (16)
    9. water (17)

    Licence: CC BY 4.0, not verified.
    """

    METAINFO = dict(
        classes=(
            'forest',
            'shrubland',
            'savanna',
            'grassland',
            'wetland',
            'cropland',
            'urban',
            'snow/ice',
            'barren',
            'water',
        ),
        palette=[
            [0, 153, 0],
            [198, 176, 68],
            [251, 255, 19],
            [182, 255, 5],
            [39, 255, 135],
            [194, 79, 68],
            [165, 165, 165],
            [105, 255, 248],
            [249, 255, 164],
            [28, 13, 255],
        ],
    )
    LABEL = dict(
        dir='lc',
        suffix='.tif',
        band=0,
        ids={
            0: 255,
            **{igbp: simple - 1 for igbp, simple in enumerate(SIMPLIFIED, 1)},
        },
    )
    SEEDS, SCENES = '[0-9]{4}', '[0-9]+'
    EXAMPLE = 'ROIs1158_spring_1_p30'
    COMMAND = 'sen12ms'

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles that have a raster of a layer, but the damaged."""
        tiles = super().list_tiles(dir, suffix)
        return [tile for tile in tiles if tile != DAMAGED]


@DATASETS.register_module()
class SEN12MSIGBPDataset(SEN12MSDataset):
    """SEN12MS with all 17 classes of the IGBP, in its order.

    The colours are those with which MODIS land cover is usually drawn.
    """

    METAINFO = dict(
        classes=(
            'evergreen needleleaf forest',
            'evergreen broadleaf forest',
            'deciduous needleleaf forest',
            'deciduous broadleaf forest',
            'mixed forest',
            'closed shrubland',
            'open shrubland',
            'woody savanna',
            'savanna',
            'grassland',
            'wetland',
            'cropland',
            'urban',
            'cropland mosaic',
            'snow/ice',
            'barren',
            'water',
        ),
        palette=[
            [5, 69, 10],
            [8, 106, 16],
            [84, 167, 8],
            [120, 210, 3],
            [0, 153, 0],
            [198, 176, 68],
            [220, 209, 89],
            [218, 222, 72],
            [251, 255, 19],
            [182, 255, 5],
            [39, 255, 135],
            [194, 79, 68],
            [165, 165, 165],
            [255, 109, 76],
            [105, 255, 248],
            [249, 255, 164],
            [28, 13, 255],
        ],
    )
    LABEL = dict(
        SEN12MSDataset.LABEL,
        ids={0: 255, **{igbp: igbp - 1 for igbp in range(1, 18)}},
    )
