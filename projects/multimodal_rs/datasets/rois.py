"""What SEN12MS and DFC2020 have in common: file names, bands, classes."""

import glob
import os.path as osp
import re
from functools import cached_property

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.split_list import the_one_tile

# Bands of Sentinel-2 in file order. All are on the 10 m grid.
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
LAYERS = '(?:s1|s2|lc|dfc|dem)'
# Class of the simplified scheme for each class of the IGBP, 1 to 17.
SIMPLIFIED = (1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 6, 8, 9, 10)


class ROIsDataset(MultiModalSegDataset):
    """Tiles in files ``ROIs1158_spring/s2_1/ROIs1158_spring_s2_1_p30.tif``.

    An archive that was unpacked into a folder of its name is read, too,
    ``ROIs1158_spring_s2/s2_1/ROIs1158_spring_s2_1_p30.tif``.

    The id of this tile is ``ROIs1158_spring_1_p30``: regions of interest with
    their seed, season, scene, patch. A modality declares its layer, ``s2``,
    as directory. Scenes of different seasons have the same numbers.

    A split list has on each line an id, or names or paths of a tile's files,
    also with Windows' separators and several in a line.

    Attributes:
        SEEDS: Pattern of the numbers after ``ROIs``.
        SCENES: Pattern of the scenes.
        EXAMPLE: An id, for messages.
        COMMAND: Module of ``data_prep`` that writes split lists.
        HEADER: A first line of lists that names no tile.
    """

    SEEDS: str
    SCENES: str
    EXAMPLE: str
    COMMAND: str
    HEADER: str | None = None

    def tile_id(self, line: str, first: bool) -> str:
        """Find the one tile that a line names, in whatever format.

        Raises:
            ValueError: If it names none, or several.
        """
        if first and line == self.HEADER:
            return ''
        named = [_identifier(m) for m in self._pattern().finditer(line)]
        help_with = self.ann_file, self.EXAMPLE, self.COMMAND
        return the_one_tile(line, named, *help_with)

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` is the layer's token, ``s2``."""
        match = self._pattern().fullmatch(tile)
        rois, scene, number = match.group('rois', 'scene', 'number')
        own = f'{rois}_{dir}'  # folder of the layer's archive
        return osp.join(
            own if own in self._archives else rois,
            f'{dir}_{self.folder_of(rois, scene)}',
            f'{rois}_{dir}_{scene}_p{number}{suffix}',
        )

    @cached_property
    def _archives(self) -> frozenset[str]:
        """Folders that are named as archives are, ``ROIs1158_spring_s2``."""
        root = self.data_root or None
        return frozenset(glob.glob('ROIs*_*_*', root_dir=root))

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles that have a raster of a layer."""
        return self.tiles_of(osp.join('ROIs*', f'{dir}_*', f'*{suffix}'))

    def tiles_of(self, files: str) -> list[str]:
        """List the tiles that files of a pattern are of."""
        found = glob.glob(files, root_dir=self.data_root or None)
        names = map(osp.basename, found)
        matches = filter(None, map(self._pattern().match, names))
        return sorted(map(_identifier, matches))

    @staticmethod
    def folder_of(rois: str, scene: str) -> str:
        """Get what the folder of a scene is called after its layer."""
        return scene

    @classmethod
    def scene_of(cls, tile: str) -> str:
        """Get season and scene of a tile id, ``spring_1``."""
        rois, scene = cls._pattern().fullmatch(tile).group('rois', 'scene')
        return f'{rois.partition("_")[2]}_{scene}'

    @classmethod
    def _pattern(cls) -> re.Pattern:
        """Match a tile in a file name (with its layer) or as an id."""
        return re.compile(
            rf'(?P<rois>ROIs{cls.SEEDS}_[a-z]+)_(?:{LAYERS}_)?'
            rf'(?P<scene>{cls.SCENES})_p(?P<number>[0-9]+)(?![0-9A-Za-z_])'
        )


def _identifier(match: re.Match) -> str:
    rois, scene, number = match.group('rois', 'scene', 'number')
    return f'{rois}_{scene}_p{number}'
