"""FLAIR: land cover of France from aerial images and heights."""

import glob
import os.path as osp
from functools import cached_property

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.installation import prepare_command

# Part -> declared directory -> its folder in the archives of FLAIR #2.
FOLDERS = {
    'train': {'aerial': 'flair_aerial_train', 'labels': 'flair_labels_train'},
    'test': {'aerial': 'flair_2_aerial_test', 'labels': 'flair_2_labels_test'},
}
# Part -> its folder at Hugging Face, which has an archive for each domain.
RELEASED = {'train': 'train-val', 'test': 'flair#2-test'}
# Declared directory -> folder and first letters of its files.
FILES = {'aerial': ('img', 'IMG_'), 'labels': ('msk', 'MSK_')}


@DATASETS.register_module()
class FLAIRDataset(MultiModalSegDataset):
    """FLAIR #2, its aerial images: optical and height above ground.

    Garioud et al., "FLAIR: a Country-Scale Land Cover Semantic Segmentation
    Dataset From Multi-Source Optical Imagery", NeurIPS Datasets and
    Benchmarks 2023, https://arxiv.org/abs/2310.13336. Data:
    https://ignf.github.io/FLAIR/

    Dataset features:

    - aerial images, red, green, blue and near infrared, and the height above
      ground, all at 0.2 m; 512x512 pixels; 77,762 patches of FLAIR #2,
      61,712 of them for training and validation;
    - patches lie in areas of 50 domains, each a department of France in one
      year; labels are drawn by photo-interpretation of these images;
    - the yearly series of Sentinel-2 that belong to the areas are not read.

    Dataset format, two layouts; both are read:

    - ``flair_aerial_train/D004_2021/Z1_UA/img/IMG_004001.tif``, five bands of
      8 bits, and ``flair_labels_train/D004_2021/Z1_UA/msk/MSK_004001.tif``:
      tile id ``train/D004_2021/Z1_UA/004001``. The test part is in
      ``flair_2_aerial_test`` and ``flair_2_labels_test``: id
      ``test/D015_2020/Z1_UA/004001``;
    - at Hugging Face (IGNF/FLAIR-1-2), an archive per domain in ``train-val``
      and ``flair#2-test``. Unpack each into a folder of its name, so that
      there are ``train-val/D004_2021/aerial/Z1_UA/IMG_004001.tif`` and
      ``labels`` in the place of ``aerial``; the ids are the same;
    - the test part of FLAIR #1, other domains, is not read;
    - both modalities declare the directory ``aerial``: they are bands of one
      file. The fifth is the height in fifths of a metre, so that what is 51 m
      or higher is 255.

    Dataset classes, with the numbers in the file and, where we shorten them,
    the published names. As in the authors' baseline, the rare classes 13
    (swimming pool), 14 (snow), 15 (clear cut), 16 (mixed), 17 (ligneous), 18
    (greenhouse) and 19 (other) are not learnt and not scored; in copies with
    13 numbers they all are 13:

    0. building (1)
    1. pervious (2): pervious surface
    2. impervious (3): impervious surface
    3. bare soil (4)
    4. water (5)
    5. coniferous (6)
    6. deciduous (7)
    7. brushwood (8)
    8. vineyard (9)
    9. herbaceous (10): herbaceous vegetation
    10. agricultural (11): agricultural land
    11. plowed (12): plowed land

    Licence: Licence Ouverte / Open Licence 2.0 of Etalab.

    Note:
        What is in the archives at Hugging Face is known from code of others
        (GEO-Bench 2, OlmoEarth); they were not at hand.
    """

    METAINFO = dict(
        classes=(
            'building',
            'pervious',
            'impervious',
            'bare soil',
            'water',
            'coniferous',
            'deciduous',
            'brushwood',
            'vineyard',
            'herbaceous',
            'agricultural',
            'plowed',
        ),
        palette=[
            [219, 14, 154],
            [147, 142, 123],
            [248, 12, 0],
            [169, 113, 1],
            [21, 83, 174],
            [25, 74, 38],
            [70, 228, 131],
            [243, 166, 13],
            [102, 0, 130],
            [85, 255, 0],
            [255, 243, 13],
            [228, 223, 124],
        ],
    )
    LABEL = dict(
        dir='labels',
        suffix='.tif',
        ids={
            **{number: number - 1 for number in range(1, 13)},
            **{number: 255 for number in range(13, 20)},
        },
    )

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` is ``aerial`` or ``labels``.

        Raises:
            ValueError: If ``dir`` is none of them, or ``tile`` no id.
        """
        if dir not in FILES:
            raise ValueError(
                f'FLAIRDataset: dir of {layer!r} must be one of '
                f'{list(FILES)}, got {dir!r}'
            )
        part, *area = tile.split('/')
        if part not in FOLDERS or len(area) != 3 or not all(area):
            raise ValueError(
                f'{self.ann_file}: {tile!r} is no tile id, expected '
                "'<part>/<domain>/<area>/<number>' with one of the parts "
                f'{list(FOLDERS)}: write the list again with '
                f'`{prepare_command("flair")}`'
            )
        domain, zone, number = area
        folder, start = FILES[dir]
        name = f'{start}{number}{suffix}'
        if self._by_domain[part]:
            return osp.join(RELEASED[part], domain, dir, zone, name)
        return osp.join(FOLDERS[part][dir], domain, zone, folder, name)

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles of both parts that have a raster of a layer."""
        tiles = []
        for part in FOLDERS:
            pattern = self.tile_path(f'{part}/*/*/*', dir, dir, suffix)
            for path in glob.glob(pattern, root_dir=self.data_root or None):
                folders, name = osp.split(path)
                _, domain, *rest = folders.split(osp.sep)
                area = rest[-1] if self._by_domain[part] else rest[0]
                number = name.removeprefix(FILES[dir][1]).removesuffix(suffix)
                tiles.append(f'{part}/{domain}/{area}/{number}')
        return sorted(tiles)

    @cached_property
    def _by_domain(self) -> dict[str, bool]:
        """Whether each part is in the layout with a folder per domain.

        Raises:
            ValueError: If it is in both, or its domains are mixed up.
        """
        root = self.data_root or ''
        found = {}
        for part, released in RELEASED.items():
            names = (released, *FOLDERS[part].values())
            there = [name for name in names if osp.isdir(osp.join(root, name))]
            if released in there and len(there) > 1:
                raise ValueError(
                    f'{root}: {there} hold the {part} part in both layouts: '
                    'move one of them elsewhere'
                )
            if osp.isdir(osp.join(root, released, 'aerial')):
                raise ValueError(
                    f'{root}: the areas of all domains lie in one folder, '
                    f'{released}/aerial, so that nothing tells which domain '
                    'they are of. Unpack each archive into a folder of its '
                    f'name, as {released}/D004_2021/aerial'
                )
            found[part] = released in there
        return found
