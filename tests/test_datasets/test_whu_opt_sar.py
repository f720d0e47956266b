"""WHU-OPT-SAR: tiles as data_prep cuts them, labels, config."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.whu_opt_sar import make_tile
from multimodal_rs.data_prep import whu_opt_sar
from multimodal_rs.datasets.whu_opt_sar import WHUOptSARDataset

CONFIG = Path(__file__).parents[2] / 'configs/_base_/datasets/whu_opt_sar.py'


def build(root: Path, part: str) -> WHUOptSARDataset:
    settings = Config.fromfile(CONFIG)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root), ann_file='list.txt')
    return DATASETS.build(settings)


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_samples_of_config(tmp_path: Path, part: str) -> None:
    tile = make_tile(tmp_path, [0, 10, 20, 30, 40, 50, 60, 70])
    sample = build(tmp_path, part)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    assert inputs['opt'].shape == (4, 256, 256)
    assert inputs['sar'].shape == (1, 256, 256)
    assert truth.unique().tolist() == [0, 1, 2, 3, 4, 5, 6, 255]
    if part != 'train':  # not turned
        assert (inputs['opt'].numpy() == tile['optical']).all()
        assert (truth.numpy() * 10 + 10 == tile['lbl'])[tile['lbl'] > 0].all()
        assert (truth.numpy()[tile['lbl'] == 0] == 255).all()


def test_numbers_that_are_no_class_are_an_error(tmp_path: Path) -> None:
    # Ids that somebody has divided by ten already, for instance.
    make_tile(tmp_path, [1, 2])
    with pytest.raises(ValueError, match=r'label ids {1: \d+, 2: \d+}'):
        build(tmp_path, 'val')[0]


def test_classes_and_colours() -> None:
    names, colours = WHUOptSARDataset.METAINFO.values()
    ids = WHUOptSARDataset.LABEL['ids']
    named = {number: names[i] for number, i in ids.items() if i != 255}
    assert named == {
        10: 'farmland',
        20: 'city',
        30: 'village',
        40: 'water',
        50: 'forest',
        60: 'road',
        70: 'others',
    }
    assert dict(zip(names, colours, strict=True))['water'] == [0, 0, 255]
    assert len({tuple(colour) for colour in colours}) == 7


def test_statistics_of_config() -> None:
    config = Config.fromfile(CONFIG)
    assert config.num_classes == len(WHUOptSARDataset.METAINFO['classes'])
    for modality in config.modalities.values():
        bands = len(modality.file_bands)
        assert len(modality.mean) == len(modality.std) == bands
        assert all(0 < m < 255 for m in modality.mean)
        assert not set(modality.mean) & set(modality.std)


def test_list_of_the_authors(tmp_path: Path) -> None:
    tiles = [f'NH49E00{n}/00000_00{c}' for n in (3, 2, 1) for c in (256, 512)]
    splits = whu_opt_sar.make_splits(tiles, 0, tmp_path)
    assert 'official' not in splits
    division = tmp_path / whu_opt_sar.DIVISION
    division.write_text(
        'train:\nNH49E001.tif\nNH50E009.tif\nNH49E003.tif\n\n'
        'test:\nNH49E002.tif\n\n'
    )
    official = whu_opt_sar.make_splits(tiles, 0, tmp_path)['official']
    assert official == dict(
        train=tiles[4:] + tiles[:2], val=[], test=tiles[2:4]
    )
    tiles.append('NH49E007/00000_00256')
    with pytest.raises(ValueError, match='1 of 4 sheets .*NH49E007'):
        whu_opt_sar.make_splits(tiles, 0, tmp_path)
    division.write_text('train:\n')
    with pytest.raises(ValueError, match='download it again'):
        whu_opt_sar.make_splits(tiles, 0, tmp_path)
