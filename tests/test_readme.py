"""What the README shows works as it stands there."""

import re

import numpy as np
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS
from rasterio import Affine

from fake_data.files import write_tif
from helpers import ROOT
from multimodal_rs.data_prep import mine


def write(path, bands, dtype, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    profile = dict(driver='GTiff', height=64, width=64, dtype=dtype)
    with rasterio.open(path, 'w', count=bands, **profile) as file:
        file.write(np.full((bands, 64, 64), value, dtype))


def test_own_rasters_in_ten_lines(tmp_path, monkeypatch):
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    declaration, _ = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    assert declaration.count('\n') <= 16

    root = tmp_path / 'data' / 'mine'
    for name in ('train', 'val', 'test'):
        write(root / 'optical' / f'{name}.tif', 4, 'uint16', 1500)
        write(root / 'sar' / f'{name}.tif', 2, 'float32', -12.5)
        write(root / 'dem' / f'{name}.tif', 1, 'int16', 500)
        write(root / 'label' / f'{name}.tif', 1, 'uint8', 20)
        (root / f'{name}.txt').write_text(name)
    monkeypatch.chdir(tmp_path)

    bases = ROOT / 'configs' / '_base_'
    example = (
        ROOT
        / 'configs/joitrinet'
        / 'joitrinet-d-sar-before_r18_1xb8-8e_ombria-128x128.py'
    ).read_text(encoding='utf-8')
    datasets = tmp_path / 'datasets'
    datasets.mkdir()
    shared = (bases / 'datasets' / 'multimodal.py').read_text(encoding='utf-8')
    (datasets / 'multimodal.py').write_text(shared)
    (datasets / 'mine.py').write_text(declaration)
    text = example.replace(
        '../_base_/datasets/ombria_sar_before.py', str(datasets / 'mine.py')
    )
    text = text.replace('../_base_', str(bases)).replace('sar_before', 'dem')
    (tmp_path / 'config.py').write_text(text)

    cfg = Config.fromfile(tmp_path / 'config.py')
    for part in ('train', 'val', 'test'):
        sample = DATASETS.build(cfg[f'{part}_dataloader'].dataset)[0]
        assert sample['inputs']['opt'].shape == (3, 64, 64)
        assert sample['inputs']['sar'].unique().tolist() == [0.5]
        assert sample['inputs']['dem'].unique().tolist() == [500]
        label = sample['data_samples'].gt_sem_seg.data
        assert label.unique().tolist() == [1]
    model = MODELS.build(cfg.model)
    assert model.modalities == ('opt', 'sar', 'dem')
    assert model.backbone.branches.sar.conv1.in_channels == 2
    assert model.num_classes == 2


def test_own_scenes_by_the_commands(tmp_path, capsys):
    """Sensors of other resolutions, an empty wedge, the terrain's nodata."""
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    declaration, _ = re.findall(r'```python\n(.*?)```', text, re.DOTALL)
    commands = re.findall(
        '^python data_prep/mine.py (.*)$', text, re.MULTILINE
    )
    base = str(ROOT / 'configs/_base_/datasets/multimodal.py')
    config = tmp_path / 'mine.py'
    config.write_text(declaration.replace('./multimodal.py', base))
    root = tmp_path / 'data/mine'
    for number in range(3):
        folder = root / 'scenes' / f's{number}'
        optical = np.full((4, 256, 512), 1500, np.uint16)
        optical[:, :64, :64] = 0
        heights = np.full((1, 128, 256), 500, np.int16)
        heights[0, :32] = -9999
        layers = dict(
            opt=(optical, 10),
            sar=(np.full((2, 128, 256), -12.5, np.float32), 20),
            dem=(heights, 20),
            label=(
                np.tile(np.uint8([10, 20]), 256)[None].repeat(256, 0)[None],
                10,
            ),
        )
        for name, (data, size) in layers.items():
            place = Affine(size, 0, 6000 * number, 0, -size, 4000000)
            write_tif(folder / f'{name}.tif', data, 'EPSG:32632', place)
    names = {'data/mine': str(root), 'mine.py': str(config)}
    for command in commands:
        words = [names.get(word, word) for word in command.split()]
        assert mine.main(words) == 0
    report = capsys.readouterr().out
    assert 'mean=[500]' in report and 'Nothing wrong was found' in report
    dataset = Config.fromfile(config).train_dataloader.dataset
    dataset.update(data_root=str(root))
    dataset.pipeline = [dict(type='LoadMultiModalImages')]
    image = DATASETS.build(dataset)[0]['img']
    assert np.isnan(image[:64, :64, :3]).all()
    np.testing.assert_allclose(image[64:, :, :3], 0.15, rtol=1e-6)
    assert np.isnan(image[:62, :, 5]).all() and (image[66:, :, 5] == 500).all()
    assert set(np.unique(image[..., 3:5])) == {0.5}
