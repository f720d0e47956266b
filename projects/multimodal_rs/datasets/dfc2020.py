"""DFC2020: land cover from Sentinel-2 and Sentinel-1."""

import glob
import os.path as osp
import re

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.installation import prepare_command

# Bands in file order. All are on the 10 m grid.
S2_BANDS = (
    'B1',
    'B2',
    'B3',
    'B4',
    'B5',
    'B6',
    'B7',
    'B8',
    'B8A',
    'B9',
    'B10',
    'B11',
    'B12',
)
S1_BANDS = ('VV', 'VH')

# A tile, in a file name (with its layer) or in a list of ours (without).
TILE = re.compile(
    r'ROIs0000_(?P<season>[a-z]+)_(?:(?:s1|s2|lc|dfc|dem)_)?'
    r'(?P<scene>[A-Za-z]+|0)_p(?P<number>[0-9]+)(?![0-9A-Za-z_])'
)
# "Seasons" of the contest's archives -> token of their folders. The files
# of both have the token 0.
CONTEST_FOLDERS = {'validation': 'validation', 'test': '0'}
HEADER = 'id,lbl,opt,sar'  # of MCF-Mamba's lists


@DATASETS.register_module()
class DFC2020Dataset(MultiModalSegDataset):
    """DFC2020, the IEEE GRSS Data Fusion Contest of 2020.

    Schmitt et al., "2020 IEEE GRSS Data Fusion Contest", IEEE DataPort 2019,
    https://ieee-dataport.org/competitions/2020-ieee-grss-data-fusion-contest

    Dataset features:

    - Sentinel-2, 13 bands, and Sentinel-1, VV and VH, resampled to 10 m;
      256x256; 6114 tiles of seven regions;
    - semi-manual labels at 10 m; savanna and snow do not occur and are
      ignored. The MODIS layers ``lc`` are not used.

    Dataset format, two layouts of the same tiles; both are read:

    - city: ``ROIs0000_autumn/s2_CapeTown/ROIs0000_autumn_s2_CapeTown_p8.tif``;
    - contest: ``ROIs0000_validation/s2_validation/`` (986 tiles) and
      ``ROIs0000_test/s2_0/`` (5128), files
      ``ROIs0000_validation_s2_0_p12.tif``;
    - s2: uint16, top-of-atmosphere reflectance x 10000, bands
      :data:`S2_BANDS`; s1: float, sigma0 in dB, may have NaN, bands
      :data:`S1_BANDS`; dfc: the label. A modality declares ``s2`` or ``s1``
      as its directory;
    - the files of the contest have no real georeference.

    A split list has on each line an id as ``ROIs0000_autumn_CapeTown_p8``, or
    paths of the tile's files in any layout: the lists of MCF-Mamba (CSV with
    Windows paths) and REF-Net (three paths) are read as they are.

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

    def tile_id(self, line: str, first: bool) -> str:
        """Find the one tile that a line names, in whatever format.

        Raises:
            ValueError: If it names none, or several.
        """
        if first and line == HEADER:
            return ''
        tiles = {_identifier(match) for match in TILE.finditer(line)}
        if len(tiles) != 1:
            raise ValueError(
                f'{self.ann_file}: line {line!r} must name one tile, names '
                f'{sorted(tiles) or "none"}. Expected an id as '
                "'ROIs0000_autumn_CapeTown_p8' or paths of its files: "
                'correct the line, or write the list again with '
                f'`{prepare_command("dfc2020")}`'
            )
        return tiles.pop()

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` is the layer's token, ``s2``."""
        match = TILE.fullmatch(tile)
        season, scene, number = match.group('season', 'scene', 'number')
        return osp.join(
            f'ROIs0000_{season}',
            f'{dir}_{CONTEST_FOLDERS.get(season, scene)}',
            f'ROIs0000_{season}_{dir}_{scene}_p{number}{suffix}',
        )

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles of both layouts that have a raster of a layer."""
        pattern = osp.join('ROIs0000_*', f'{dir}_*', f'*{suffix}')
        found = glob.glob(pattern, root_dir=self.data_root or None)
        names = map(osp.basename, found)
        matches = filter(None, map(TILE.match, names))
        return sorted(map(_identifier, matches))


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


def scene_of(tile: str) -> str:
    """Get the scene of a tile id, ``autumn_CapeTown``.

    The contest's files do not tell scenes apart: ``validation_0`` and
    ``test_0`` are several each.
    """
    season, scene = TILE.fullmatch(tile).group('season', 'scene')
    return f'{season}_{scene}'


def _identifier(match: re.Match) -> str:
    season, scene, number = match.group('season', 'scene', 'number')
    return f'ROIs0000_{season}_{scene}_p{number}'
