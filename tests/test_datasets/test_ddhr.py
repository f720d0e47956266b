"""DDHR: three cities with different class orders."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.ddhr import make_ddhr
from fake_data.files import SIZE, write_image
from multimodal_rs.datasets.ddhr import PohangDataset, XianDataset

CONFIGS = Path(__file__).parents[2] / 'configs/_base_/datasets'
CITIES = ('dongying', 'xian', 'pohang')


@pytest.mark.parametrize('city', CITIES)
@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_samples_of_configs(tmp_path: Path, city: str, part: str) -> None:
    make_ddhr(tmp_path, 2)
    (tmp_path / 'list.txt').write_text('2\n1\n')
    config = Config.fromfile(CONFIGS / f'{city}.py')
    settings = config[f'{part}_dataloader'].dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    dataset = DATASETS.build(settings)
    assert type(dataset).__name__ == f'{city.capitalize()}Dataset'
    sample = dataset[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert sample['data_samples'].sample_id == '2'
    assert inputs['opt'].shape == (3, SIZE, SIZE)
    assert inputs['sar'].shape == (1, SIZE, SIZE)
    assert inputs['opt'].min() >= 0 and 0.5 < inputs['opt'].max() <= 1
    assert set(truth.unique().tolist()) == {0, 1, 2, 3, 4, 255}
    assert len(dataset.metainfo['classes']) == config.num_classes


def test_each_city_has_its_folder() -> None:
    roots = set()
    for city in CITIES:
        config = Config.fromfile(CONFIGS / f'{city}.py')
        parts = [config[f'{p}_dataloader'] for p in ('train', 'val', 'test')]
        (root,) = {p.dataset.data_root for p in parts}
        roots.add(root)
    assert roots == {
        'data/ddhr/dongying',
        'data/ddhr/xian',
        'data/ddhr/korea',
    }


def test_ids_of_xian_and_pohang_differ() -> None:
    # From the authors' answer; ASANet has Pohang's 2 and 4 the wrong way.
    assert XianDataset.METAINFO['classes'][3:] == ('greenery', 'water')
    assert PohangDataset.METAINFO['classes'][3:] == ('water', 'greenery')
    assert PohangDataset.METAINFO['classes'][2] == 'farmland'
    for city in (XianDataset, PohangDataset):
        colours = dict(zip(*city.METAINFO.values(), strict=True))
        assert colours['water'] == [0, 0, 255]


def test_grey_sar_files_are_read_too(tmp_path: Path) -> None:
    make_ddhr(tmp_path, 1)
    write_image(
        tmp_path / 'GF3/1.jpg', np.full((SIZE, SIZE), 51, dtype=np.uint8)
    )
    (tmp_path / 'list.txt').write_text('1')
    settings = Config.fromfile(CONFIGS / 'xian.py').val_dataloader.dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    sar = DATASETS.build(settings)[0]['inputs']['sar']
    assert np.allclose(sar, 0.2, atol=0.01)


def test_unknown_label_id_is_an_error(tmp_path: Path) -> None:
    make_ddhr(tmp_path, 1)
    label = np.full((SIZE, SIZE), 5, dtype=np.uint8)
    write_image(tmp_path / 'label/1.png', label)
    (tmp_path / 'list.txt').write_text('1')
    settings = Config.fromfile(CONFIGS / 'xian.py').val_dataloader.dataset
    settings.update(data_root=str(tmp_path), ann_file='list.txt')
    with pytest.raises(ValueError, match='label ids {5: 1024}'):
        DATASETS.build(settings)[0]


def test_list_tiles(tmp_path: Path) -> None:
    make_ddhr(tmp_path, 11)
    (tmp_path / 'list.txt').write_text('1')
    dataset = XianDataset(
        modalities=dict(sar=dict(dir='GF3', suffix='.jpg', bands=[0])),
        data_root=str(tmp_path),
        ann_file='list.txt',
    )
    assert dataset.list_tiles('GF3', '.jpg') == sorted(map(str, range(1, 12)))
    assert dataset.list_tiles('GF3', '.png') == []
