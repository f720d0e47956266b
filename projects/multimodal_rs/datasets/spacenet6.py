"""SpaceNet 6 (MSAW): buildings of Rotterdam from WorldView-2 and radar."""

import glob
import os.path as osp
import re
from functools import cached_property
from pathlib import Path

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.damage import reading

FOLDER = 'train/AOI_11_Rotterdam'  # of the archive
FILE = 'SN6_Train_AOI_11_Rotterdam'  # how the names of its files begin
SENSORS = ('PAN', 'PS-RGB', 'PS-RGBNIR', 'RGBNIR', 'SAR-Intensity')
TILE = re.compile('[0-9]{14}_[0-9]{14}_tile_[0-9]+')
ORIENTATIONS = f'{FOLDER}/SummaryData/SAR_orientations.txt'
SIDES = {'0': 'north', '1': 'south'}


@DATASETS.register_module()
class SpaceNet6Dataset(MultiModalSegDataset):
    """SpaceNet 6, the Multi-Sensor All Weather Mapping data set (MSAW).

    Shermeyer et al., "SpaceNet 6: Multi-sensor all weather mapping dataset",
    CVPR Workshops 2020, https://arxiv.org/abs/2004.06500. Data:
    https://spacenet.ai/sn6-challenge/

    Dataset features:

    - WorldView-2, panchromatic and pan-sharpened at 0.5 m, and an airborne
      X-band radar of Capella Space, four polarisations, resampled to 0.5 m;
    - 3401 training tiles of 900x900 pixels with some 48,000 footprints. The
      test tiles have radar only and no public labels, so that every score of
      both sensors is one on a part of the training tiles;
    - the radar flew strips that overlap: the same ground is in many tiles.
      The optical image is one mosaic, cut anew for every strip. Radar looks
      from the side, so that buildings lean over their footprints.

    Dataset format:

    - ``train/AOI_11_Rotterdam/SAR-Intensity/
      SN6_Train_AOI_11_Rotterdam_SAR-Intensity_<id>.tif``, likewise ``PAN``,
      ``PS-RGB``, ``PS-RGBNIR`` and ``RGBNIR``, which a modality declares as
      its directory; the id is
      ``20190804111224_20190804111453_tile_8679``: begin and end of the strip,
      and the tile. Other directories are read as ``<dir>/<id><suffix>``;
    - ``RGBNIR`` has pixels of 2 m: ``data_prep/one_grid.py`` with ``--like
      sar`` writes all on one grid;
    - radar is a logarithm of the intensity, positive float32, HH, HV, VH, VV.
      0 in all bands is outside of the strip;
    - ``geojson_buildings/SN6_Train_AOI_11_Rotterdam_Buildings_<id>.geojson``
      has the footprints in the reference system of the images,
      ``SummaryData/SN6_Train_AOI_11_Rotterdam_Buildings.csv`` has them in
      pixels. ``data_prep.spacenet6`` burns them into ``labels/<id>.tif``;
    - ``SummaryData/SAR_orientations.txt`` has a line for each strip, 0 where
      it was imaged from the north and 1 from the south.

    Dataset classes, with the numbers in the label rasters. Both are scored:

    0. background (0)
    1. building (1)

    Licence: CC BY-SA 4.0.

    Note:
        Names of files, folders and columns are those that public code reads;
        the data were not at hand. That 0 is north and 1 south is how the
        organisers' baseline (https://github.com/CosmiQ/CosmiQ_SN6_Baseline)
        reads them; it turns images with 1 by 180 degrees. **To be checked on
        the data**: the order of the radar's bands (public code that despeckles
        these files takes the first as HH, in dB; all four are from notes of
        others on a later copy, ``SAR-MAG-POL`` in dB, which is not read), the
        unit of the optical numbers, and whether footprints go on where a
        strip ends; pixels without radar are not counted.
    """

    METAINFO = dict(
        classes=('background', 'building'),
        palette=[[60, 60, 60], [230, 90, 40]],  # our own
    )
    LABEL = dict(dir='labels', suffix='.tif', ids={0: 0, 1: 1})

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` may be a folder of the archive."""
        if dir not in SENSORS:
            return super().tile_path(tile, layer, dir, suffix)
        return osp.join(FOLDER, dir, f'{FILE}_{dir}_{tile}{suffix}')

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles that have a raster of a layer."""
        if dir not in SENSORS:
            return super().list_tiles(dir, suffix)
        pattern = self.tile_path('*', dir, dir, glob.escape(suffix))
        start = osp.basename(pattern).index('*')
        paths = glob.glob(pattern, root_dir=self.data_root or None)
        return sorted(
            osp.basename(path)[start:].removesuffix(suffix) for path in paths
        )

    @cached_property
    def sides(self) -> dict[str, str]:
        """From where each strip was imaged; empty if the file is missing."""
        path = Path(self.data_root or '.', ORIENTATIONS)
        return read_sides(path) if path.is_file() else {}

    def _record(self, tile: str) -> dict:
        """Make the record of a tile, with the side the radar was on."""
        side = self.sides.get(strip_of(tile))
        return {**super()._record(tile), 'imaged_from': side}


def strip_of(tile: str) -> str:
    """Get the strip of a tile: its first and its last second."""
    return tile.partition('_tile_')[0]


def read_sides(path: Path) -> dict[str, str]:
    """Read from where each strip was imaged.

    Returns:
        Strip -> ``'north'`` or ``'south'``.

    Raises:
        ValueError: If a line is not a strip and 0 or 1.
    """
    expected = 'lines with a strip and 0 or 1: download the file again'
    with reading(path, expected):
        rows = [line.split() for line in path.read_text().splitlines()]
        return {strip: SIDES[number] for strip, number in filter(None, rows)}
