"""OMBRIA: floods before and after the event."""

import glob
import os.path as osp

from mmseg.registry import DATASETS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.utils.installation import prepare_command

# Sensor -> its folder in the events of 2021.
SENSORS = {'S1': 'Sentinel1', 'S2': 'Sentinel2'}
# Phase -> stem of its files in the events of 2021.
PHASES = {'BEFORE': 'imbefore', 'AFTER': 'imafter', 'MASK': 'gt'}
PARTS = ('train', 'test')
LATER = '2021'


@DATASETS.register_module()
class OmbriaDataset(MultiModalSegDataset):
    """OMBRIA flood maps, optical and SAR before and after the flood.

    Drakonakis et al., "OmbriaNet: Supervised Flood Mapping via CNNs Using
    Multitemporal Sentinel-1 and Sentinel-2 Data Fusion", IEEE JSTARS 2022.
    Data: https://github.com/geodrak/OMBRIA

    Dataset features:

    - Sentinel-2, three bands as an 8-bit composite (which bands is not
      published), and Sentinel-1, one channel of backscatter stretched to
      8 bits per image; 256x256, one image of each before and after the
      flood;
    - 624 training and 70 test tiles, and 150 tiles of four floods of 2021;
    - labels are flood maps of Copernicus EMS Rapid Mapping, which mostly
      leave permanent water out.

    Dataset format:

    - ``Ombria{S1,S2}/{train,test}/{BEFORE,AFTER,MASK}/S2_after_0001.png``:
      tile id ``train/0001``;
    - ``2021/ALBANIA/Sentinel2/AFTER/imafter_3.png``: id ``2021/ALBANIA/3``;
    - a modality declares sensor and phase as its directory, ``S1/AFTER`` or
      ``S2/BEFORE``; the masks below S1 and S2 are the same;
    - outside the scene S2 is 0 in all bands, and S1 a constant: what 0 dB
      became in the stretch of that image, mostly 255, the lowest found is
      125. A nodata value of 255 therefore misses some of it; S2 marks all.

    Dataset classes:

    0. dry (0 in the file)
    1. flood (255)

    Licence: the repository has none.
    """

    METAINFO = dict(
        classes=('dry', 'flood'),
        palette=[[222, 211, 180], [0, 92, 230]],
    )
    LABEL = dict(dir='S1/MASK', suffix='.png', ids={0: 0, 255: 1})

    def tile_path(self, tile: str, layer: str, dir: str, suffix: str) -> str:
        """Say where a raster lies; ``dir`` is ``<sensor>/<phase>``.

        Raises:
            ValueError: If ``dir`` is no sensor and phase, or ``tile`` no id.
        """
        sensor, phase = self._sensor_and_phase(layer, dir)
        part, _, rest = tile.partition('/')
        if part in PARTS and rest:
            name = f'{sensor}_{phase.lower()}_{rest}{suffix}'
            return osp.join(f'Ombria{sensor}', part, phase, name)
        event, _, number = rest.partition('/')
        if part != LATER or not number:
            raise ValueError(
                f'{self.ann_file}: {tile!r} is no tile id, expected '
                "'train/<id>', 'test/<id>' or '2021/<event>/<id>': write "
                f'the list again with `{prepare_command("ombria")}`'
            )
        name = f'{PHASES[phase]}_{number}{suffix}'
        return osp.join(LATER, event, SENSORS[sensor], phase, name)

    def list_tiles(self, dir: str, suffix: str) -> list[str]:
        """List the tiles of all parts that have a raster of a layer."""
        tiles = []
        for prefix in (*PARTS, f'{LATER}/*'):
            pattern = self.tile_path(f'{prefix}/*', dir, dir, suffix)
            start = osp.basename(pattern).index('*')
            for path in glob.glob(pattern, root_dir=self.data_root or None):
                folder, name = osp.split(path)
                number = name[start:].removesuffix(suffix)
                if prefix not in PARTS:
                    event = osp.basename(osp.dirname(osp.dirname(folder)))
                    tiles.append(f'{LATER}/{event}/{number}')
                else:
                    tiles.append(f'{prefix}/{number}')
        return sorted(tiles)

    @staticmethod
    def _sensor_and_phase(layer: str, dir: str) -> tuple[str, str]:
        sensor, _, phase = dir.partition('/')
        if sensor not in SENSORS or phase not in PHASES:
            raise ValueError(
                f'OmbriaDataset: dir of {layer!r} must be <sensor>/<phase> '
                f'with one of {list(SENSORS)} and one of {list(PHASES)}, '
                f"for instance 'S2/AFTER', got {dir!r}"
            )
        return sensor, phase
