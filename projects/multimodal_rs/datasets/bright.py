"""BRIGHT: damage of buildings from an optical and a later SAR image."""

import glob
import os.path as osp
import re
from functools import cached_property

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.io.split_list import the_one_tile

# A tile, alone or at the beginning of the name of one of its files.
TILE = re.compile(r'(?<![0-9A-Za-z])([A-Za-z][A-Za-z_-]*_[0-9]{8})(?![0-9])')
EXAMPLE = 'bata-explosion_00000049'


@DATASETS.register_module()
class BRIGHTDataset(MultiModalSegDataset):
    """BRIGHT, fourteen disasters, optical before and SAR after.

    Chen et al., "BRIGHT: a globally distributed multimodal building damage
    assessment dataset with very-high-resolution for all-weather disaster
    response", Earth System Science Data 17, 2025,
    https://doi.org/10.5194/essd-17-6217-2025. Data:
    https://zenodo.org/records/14619797

    Dataset features:

    - an optical image from before the event, red, green and blue, and a SAR
      image from after it, one channel, 8 bits each; 1024x1024 at 0.3 to 1 m;
      4246 tiles. What the modalities differ in is also the time;
    - the optical images of ukraine-conflict, myanmar-hurricane and
      mexico-hurricane are not distributed: their tiles lack that modality,
      unless you fetch the images as the authors describe;
    - labels are drawn by people.

    Dataset format, two layouts; both are read:

    - the whole data set: ``pre-event/bata-explosion_00000049_pre_disaster
      .tif``, ``post-event/..._post_disaster.tif`` and
      ``target/..._building_damage.tif``;
    - the IEEE GRSS Data Fusion Contest 2025: the same three folders below
      ``train`` and ``val``, of which ``val`` had no targets at first;
    - tile id ``bata-explosion_00000049`` in both. A modality declares folder
      and suffix;
    - some optical files have a fourth band.

    A split list has on each line an id, or names of a tile's files: the lists
    ``train_set.txt`` and ``train_setlevel.txt`` and so on of the authors are
    read as they are.

    Dataset classes, with the numbers in the file:

    0. background (0)
    1. intact (1)
    2. damaged (2)
    3. destroyed (3)

    Licence: mixed, see the page of the data.
    """

    METAINFO = dict(
        classes=('background', 'intact', 'damaged', 'destroyed'),
        palette=[[255, 255, 255], [0, 128, 0], [222, 184, 135], [255, 0, 0]],
    )
    LABEL = dict(
        dir='target',
        suffix='_building_damage.tif',
        ids={0: 0, 1: 1, 2: 2, 3: 3},
    )

    def tile_id(self, line: str, first: bool) -> str:
        """Find the one tile that a line names.

        Raises:
            ValueError: If it names none, or several.
        """
        named = TILE.findall(line)
        return the_one_tile(line, named, self.ann_file, EXAMPLE, 'bright')

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies, in the layout that the tile is in."""
        return osp.join(self._parts.get(tile, ''), dir, tile + suffix)

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles of both layouts that have a raster of a layer."""
        return sorted({tile for _, tile in self._files(dir, suffix)})

    @cached_property
    def _parts(self) -> dict[str, str]:
        """Folder of each tile in the layout of the contest, ``train``.

        Raises:
            ValueError: If a tile has files in several folders.
        """
        layers = [(m.dir, m.suffix) for m in self.modalities.values()]
        if self.label is not None:
            layers.append((self.label.dir, self.label.suffix))
        parts: dict[str, str] = {}
        for layer in layers:
            for part, tile in self._files(*layer):
                if parts.setdefault(tile, part) != part:
                    both = sorted(p or '.' for p in (parts[tile], part))
                    raise ValueError(
                        f'{self.data_root}: {tile} has files in several of '
                        f'its folders, {both}. Expected one of the two '
                        'layouts: move the other copy elsewhere'
                    )
        return parts

    def _files(self, dir: str, suffix: str) -> list[tuple[str, str]]:
        """List folder and tile of the files of a layer in both layouts."""
        root = self.data_root or None
        found = []
        for folder in (dir, osp.join('*', dir)):
            for path in glob.glob(osp.join(folder, '*'), root_dir=root):
                tile = osp.basename(path).removesuffix(suffix)
                if path.endswith(suffix) and TILE.fullmatch(tile):
                    part = osp.dirname(path).removesuffix(dir)
                    found.append((part.rstrip(osp.sep), tile))
        return found


def event_of(tile: str) -> str:
    """Get the event of a tile, ``bata-explosion``."""
    return tile.rpartition('_')[0]
