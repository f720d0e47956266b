"""Hunan: land cover of a province from Sentinel-2, Sentinel-1 and SRTM."""

import glob

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.installation import prepare_command

PARTS = ('train', 'val', 'test')
# Places in a declared directory that a tile id fills.
FIELDS = ('{part}', '{name}')


@DATASETS.register_module()
class HunanDataset(MultiModalSegDataset):
    """Hunan multimodal dataset of the year 2017 (MMHunan).

    Li et al., "DKDFN: Domain knowledge-guided deep collaborative fusion
    network for multimodal unitemporal remote sensing land cover
    classification", ISPRS Journal of Photogrammetry and Remote Sensing 186,
    2022, https://doi.org/10.1016/j.isprsjprs.2022.02.013. Data:
    https://github.com/LauraChow/HunanMultimodalDataset

    Dataset features:

    - yearly composites of Sentinel-2 and Sentinel-1 and elevation from SRTM
      (30 m, resampled), 256x256 pixels of 10 m; 400 tiles to train, 50 to
      validate and 50 to test.

    Dataset format:

    - ``train/s2/s2_1212.tif``, with ``s1``, ``topo`` and ``lc`` (labels) in
      the place of ``s2``, likewise ``val`` and ``test``: id ``train/1212``. A
      modality declares ``{part}/s2/s2_{name}`` as its directory, so that
      copies with other folders or names need another declaration only. A
      directory without ``{part}`` and ``{name}`` is read as
      ``<dir>/<id><suffix>``;
    - the training part also has a terrain ruggedness index made from the
      elevation.

    Dataset classes, with the numbers in the files. 0 and 255 are ignored:

    0. cropland (1)
    1. forest (2, 4)
    2. grassland (3)
    3. wetland (5)
    4. water (6)
    5. unused land (9)
    6. built-up (7, 8, 10)

    Licence: none stated.

    Note:
        The data were not at hand. Certain are the counts and the table of
        numbers, from the page of the data, which calls the last two classes
        bare land and others, with one exception: the table sends 11, which
        some tiles are said to have, to an eighth class, which is ignored
        here. Four independent readers have these folders and names, 13 bands
        of Sentinel-2, of which bands 4, 3, 2 are true colour, two of
        Sentinel-1 and two in ``topo``, of which the first is elevation.
        **To be checked on the data**: the order of the other bands (here
        that of Google Earth Engine, B1 to B12 with B8A after B8), the order
        of the SAR bands, the units, and the labels: code of SSRS takes 8 as
        unused land and 9 as built-up, the other way round, and ignores 4, 7
        and 10. For the table speaks the legend of the global map FROM-GLC,
        whose numbers 1 to 10 these look like: 8 is impervious, 9 bare land.
    """

    METAINFO = dict(
        classes=(
            'cropland',
            'forest',
            'grassland',
            'wetland',
            'water',
            'unused land',
            'built-up',
        ),
        palette=[
            [196, 90, 17],
            [51, 129, 88],
            [177, 205, 61],
            [228, 84, 96],
            [91, 154, 214],
            [225, 174, 110],
            [239, 159, 2],
        ],
    )
    LABEL = dict(
        dir='{part}/lc/lc_{name}',
        suffix='.tif',
        ids={
            **{0: 255, 1: 0, 2: 1, 3: 2, 4: 1, 5: 3, 6: 4},
            **{7: 6, 8: 6, 9: 5, 10: 6, 11: 255, 255: 255},
        },
    )

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` has places for part and name.

        Raises:
            ValueError: If ``dir`` has one of them only, or ``tile`` no part.
        """
        if not _has_fields(dir):
            return super().tile_path(tile, layer, dir, suffix)
        part, _, name = tile.partition('/')
        if part not in PARTS or not name:
            raise ValueError(
                f'{self.ann_file}: {tile!r} is no tile id, expected '
                f"'<part>/<name>' with one of the parts {list(PARTS)}: write "
                f'the list again with `{prepare_command("hunan")}`'
            )
        return _filled(dir, part, name) + suffix

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles of all parts that have a raster of a layer."""
        if not _has_fields(dir):
            return super().list_tiles(dir, suffix)
        tiles = []
        for part in PARTS:
            before, after = (_filled(dir, part, '\0') + suffix).split('\0')
            pattern = f'{glob.escape(before)}*{glob.escape(after)}'
            for path in glob.glob(pattern, root_dir=self.data_root or None):
                name = path.removeprefix(before).removesuffix(after)
                tiles.append(f'{part}/{name}')
        return sorted(tiles)


def _has_fields(dir: str) -> bool:
    """Whether a directory has both places.

    Raises:
        ValueError: If it has one only, or one twice.
    """
    counts = {dir.count(field) for field in FIELDS}
    if counts not in ({0}, {1}):
        raise ValueError(
            f'HunanDataset: dir {dir!r} must have both {FIELDS[0]} and '
            f"{FIELDS[1]} once, for instance '{{part}}/s2/s2_{{name}}', or "
            'none of them'
        )
    return counts == {1}


def _filled(dir: str, part: str, name: str) -> str:
    return dir.replace(FIELDS[0], part).replace(FIELDS[1], name)
