"""What the README shows works as it stands there."""

import re

import numpy as np
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS

from helpers import ROOT


def write(path, bands, dtype, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = dict(driver='GTiff', height=64, width=64, dtype=dtype)
    with rasterio.open(path, 'w', count=bands, **profile) as file:
        file.write(np.full((bands, 64, 64), value, dtype))


def test_own_rasters_in_ten_lines(tmp_path, monkeypatch):
    text = (ROOT / 'README.md').read_text()
    declaration, _ = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    assert declaration.count('\n') <= 14

    root = tmp_path / 'data' / 'mine'
    for name in ('train', 'val', 'test'):
        write(root / 'optical' / f'{name}.tif', 4, 'uint16', 1500)
        write(root / 'sar' / f'{name}.tif', 2, 'float32', -12.5)
        write(root / 'label' / f'{name}.tif', 1, 'uint8', 20)
        (root / f'{name}.txt').write_text(name)
    monkeypatch.chdir(tmp_path)

    bases = ROOT / 'configs' / '_base_'
    example = (
        ROOT / 'configs/joitrinet/joitrinet-d_r18_1xb8-8e_ombria-128x128.py'
    ).read_text()
    datasets = tmp_path / 'datasets'
    datasets.mkdir()
    shared = (bases / 'datasets' / 'multimodal.py').read_text()
    (datasets / 'multimodal.py').write_text(shared)
    (datasets / 'mine.py').write_text(declaration)
    mine = example.replace(
        '../_base_/datasets/ombria.py', str(datasets / 'mine.py')
    ).replace('../_base_', str(bases))
    (tmp_path / 'config.py').write_text(mine)

    cfg = Config.fromfile(tmp_path / 'config.py')
    for part in ('train', 'val', 'test'):
        sample = DATASETS.build(cfg[f'{part}_dataloader'].dataset)[0]
        assert sample['inputs']['opt'].shape == (3, 64, 64)
        assert sample['inputs']['sar'].unique().tolist() == [0.5]
        label = sample['data_samples'].gt_sem_seg.data
        assert label.unique().tolist() == [1]
    model = MODELS.build(cfg.model)
    assert model.modalities == ('opt', 'sar')
    assert model.backbone.branches.sar.conv1.in_channels == 2
    assert model.num_classes == 2
