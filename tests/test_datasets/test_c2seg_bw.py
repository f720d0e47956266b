"""C2Seg-BW: tiles as data_prep cuts them, labels, config."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data import write_tif
from multimodal_rs.datasets.c2seg_bw import C2SegBWDataset

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/c2seg_bw.py'
TILE = 'wuhan/02560_03328'


def make_tile(root: Path) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sar = rng.normal(-20, 6, (2, 256, 256)).astype('float32')
    sar[1, 3, 4] = np.nan
    tile = dict(
        msi=rng.integers(0, 12000, (4, 256, 256)).astype('float32'),
        sar=sar,
        label=rng.integers(0, 14, (1, 256, 256), np.uint8),
    )
    for layer, data in tile.items():
        write_tif(root / f'tiles/{layer}/{TILE}.tif', data)
    (root / 'list.txt').write_text(TILE)
    return tile


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_samples_of_config(tmp_path: Path, part: str) -> None:
    tile = make_tile(tmp_path)
    config = Config.fromfile(CONFIG)
    settings = config[f'{part}_dataloader'].dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sample = DATASETS.build(settings)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert inputs['opt'].shape == (4, 256, 256)
    assert inputs['opt'].min() >= 0 and inputs['opt'].max() == 1
    assert inputs['sar'].shape == (2, 256, 256)
    assert inputs['sar'].isnan().sum() == 2  # both bands of one pixel
    assert truth.unique().tolist() == [*range(config.num_classes), 255]
    if part != 'train':  # not turned
        rgbn = tile['msi'][[2, 1, 0, 3]]  # the file has B2 B3 B4 B8
        expected = np.clip(rgbn / 1e4, 0, 1)
        np.testing.assert_allclose(inputs['opt'], expected, rtol=1e-6)
        # Backscatter of -20 dB is in the middle.
        expected = np.clip(tile['sar'][0, 9] / 40 + 1, 0, 1)
        np.testing.assert_allclose(inputs['sar'][0, 9], expected, atol=1e-6)
        assert (
            truth.numpy() == tile['label'] - np.uint8(1)
        ).all()  # 255 for 0


def test_classes_and_colours() -> None:
    names, colours = C2SegBWDataset.METAINFO.values()
    named = dict(zip(names, colours, strict=True))
    assert len({tuple(colour) for colour in colours}) == len(names) == 13
    assert named['surface water'] == [0, 255, 255]
    assert named['forest'] == [0, 255, 0]
    ids = C2SegBWDataset.LABEL['ids']
    assert ids[0] == 255 and names[ids[13]] == 'inland wetland'
    assert set(ids) == set(range(14))


def test_statistics_of_config() -> None:
    # None until data_prep has measured them: no published ones are used.
    for modality in Config.fromfile(CONFIG).modalities.values():
        assert 'mean' not in modality and 'std' not in modality
