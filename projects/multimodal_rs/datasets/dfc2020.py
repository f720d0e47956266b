"""DFC2020: land cover from Sentinel-2 and Sentinel-1."""

import glob
import os.path as osp
from functools import cached_property

from mmseg.registry import DATASETS

from multimodal_rs.datasets.rois import SIMPLIFIED, ROIsDataset

# "Seasons" of the contest's archives -> token of their folders. The files
# of both have the token 0.
CONTEST_FOLDERS = {'validation': 'validation', 'test': '0'}


@DATASETS.register_module()
class DFC2020Dataset(ROIsDataset):
    """DFC2020, the IEEE GRSS Data Fusion Contest of 2020.

    Schmitt et al., "2020 IEEE GRSS Data Fusion Contest", IEEE DataPort 2019,
    https://ieee-dataport.org/competitions/2020-ieee-grss-data-fusion-contest

    Dataset features:

    - Sentinel-2, 13 bands, and Sentinel-1, VV and VH, resampled to 10 m;
      256x256; 6114 tiles of seven regions;
    - semi-manual labels at 10 m; savanna and snow do not occur and are
      ignored.

    Dataset format, three layouts of the same tiles; all are read:

    - city: ``ROIs0000_autumn/s2_CapeTown/ROIs0000_autumn_s2_CapeTown_p8.tif``;
    - contest: ``ROIs0000_validation/s2_validation/`` (986 tiles) and
      ``ROIs0000_test/s2_0/`` (5128), files
      ``ROIs0000_validation_s2_0_p12.tif``;
    - Copernicus-Bench (``dfc2020.zip`` of wangyi111/Copernicus-Bench): the
      5128 files of the contest's test part in folders ``s2``, ``s1`` and
      ``dfc``, with lists of its own split, 3156, 986 and 986,
      ``dfc-train-new.csv`` and so on;
    - s2: uint16, top-of-atmosphere reflectance x 10000, bands
      :data:`~multimodal_rs.datasets.rois.S2_BANDS`; s1: float, sigma0 in dB,
      may have NaN, VV and VH; dfc: the label; lc: four layers of MODIS land
      cover, read by :class:`DFC2020MODISDataset` only. A modality declares
      ``s2`` or ``s1`` as its directory;
    - the files of the contest have no real georeference.

    A split list has on each line an id as ``ROIs0000_autumn_CapeTown_p8``, or
    paths of the tile's files in any layout: the lists of MCF-Mamba (CSV with
    Windows paths), REF-Net (three paths) and Copernicus-Bench are read as
    they are.

    Dataset classes, with the numbers in the file:

    0. forest (1)
    1. shrubland (2)
    2. grassland (4)
    3. wetland (5)
    4. cropland (6)
    5. urban (7)
    6. barren (9)
    7. water (10)

    Licence: CC BY 4.0.

    Note:
        ``no_savanna`` of the contest's baseline has nine classes: it keeps
        snow, so barren and water have other train ids there.

        The copy GFM-Bench/DFC2020 at Hugging Face is said to have MODIS land
        cover in the place of the labels at 10 m. It is cut otherwise, and is
        not read.
    """

    METAINFO = dict(
        classes=(
            'forest',
            'shrubland',
            'grassland',
            'wetland',
            'cropland',
            'urban',
            'barren',
            'water',
        ),
        palette=[
            [0, 153, 0],
            [198, 176, 68],
            [182, 255, 5],
            [39, 255, 135],
            [194, 79, 68],
            [165, 165, 165],
            [249, 255, 164],
            [28, 13, 255],
        ],
    )
    LABEL = dict(
        dir='dfc',
        suffix='.tif',
        ids={
            0: 255,
            1: 0,
            2: 1,
            3: 255,
            4: 2,
            5: 3,
            6: 4,
            7: 5,
            8: 255,
            9: 6,
            10: 7,
        },
    )

    SEEDS, SCENES = '0000', '[A-Za-z]+|0'
    EXAMPLE = 'ROIs0000_autumn_CapeTown_p8'
    COMMAND = 'dfc2020'
    HEADER = 'id,lbl,opt,sar'  # of MCF-Mamba's lists

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` is the layer's token, ``s2``."""
        path = super().tile_path(tile, layer, dir, suffix)
        return osp.join(dir, osp.basename(path)) if self._flat else path

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles that have a raster of a layer."""
        if not self._flat:
            return super().list_tiles(dir, suffix)
        return self.tiles_of(osp.join(dir, f'*{suffix}'))

    @cached_property
    def _flat(self) -> bool:
        """Whether the files lie in one folder per layer.

        Raises:
            ValueError: If there are folders of both kinds.
        """
        root = self.data_root or None
        flat, seasons = (
            sorted(sum((glob.glob(n, root_dir=root) for n in names), []))
            for names in (('dfc', 's1', 's2'), ('ROIs0000_*',))
        )
        if flat and seasons:
            raise ValueError(
                f'{self.data_root}: {flat} and {seasons} are two layouts of '
                'the same tiles: move one of them elsewhere'
            )
        return bool(flat)

    @staticmethod
    def folder_of(rois: str, scene: str) -> str:
        """Get what the folder of a scene is called after its layer."""
        return CONTEST_FOLDERS.get(rois.removeprefix('ROIs0000_'), scene)


@DATASETS.register_module()
class DFC2020BackgroundDataset(DFC2020Dataset):
    """DFC2020 with the nine train ids of REF-Net's authors.

    Class 0, background, is never a target: what has no class is ignored. It
    exists so that their checkpoints, with nine outputs, can be used; the eight
    classes follow in the order of :class:`DFC2020Dataset`.
    """

    METAINFO = dict(
        classes=('background', *DFC2020Dataset.METAINFO['classes']),
        palette=[[0, 0, 0], *DFC2020Dataset.METAINFO['palette']],
    )
    LABEL = dict(
        DFC2020Dataset.LABEL,
        ids={
            number: train_id if train_id == 255 else train_id + 1
            for number, train_id in DFC2020Dataset.LABEL['ids'].items()
        },
    )


@DATASETS.register_module()
class DFC2020MODISDataset(DFC2020Dataset):
    """DFC2020 with the weak labels that the contest was about.

    The first of the layers ``lc`` is the class of the IGBP in MODIS land
    cover at 500 m, so that a tile of 2.5 km has some five by five of them.
    They are simplified to the classes of :class:`DFC2020Dataset`; savanna and
    snow, which the contest does not score, are ignored. Train on them, and
    test on the labels at 10 m.
    """

    LABEL = dict(
        dir='lc',
        suffix='.tif',
        band=0,
        ids={
            0: 255,
            **{
                number: DFC2020Dataset.LABEL['ids'][simple]
                for number, simple in enumerate(SIMPLIFIED, 1)
            },
        },
    )


def scene_of(tile: str) -> str:
    """Get the scene of a tile id, ``autumn_CapeTown``.

    The contest's files do not tell scenes apart: ``validation_0`` and
    ``test_0`` are several each.
    """
    return DFC2020Dataset.scene_of(tile)
