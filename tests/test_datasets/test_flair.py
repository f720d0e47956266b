"""FLAIR: layout of the archives, two modalities in a file, real tiles.

The real tiles are those in `flair2` below the folder that the variable
MULTIMODAL_RS_REAL_DATA names.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.flair import TILES, make_flair
from helpers import ROOT
from multimodal_rs.data_prep import flair
from multimodal_rs.datasets.flair import FLAIRDataset

CONFIG = ROOT / 'configs/_base_/datasets/flair.py'
DATA = Path(os.environ.get('MULTIMODAL_RS_REAL_DATA', 'not set')) / 'flair2'


def build(root: Path, part: str, tiles: tuple[str, ...]) -> FLAIRDataset:
    (root / 'list.txt').write_text('\n'.join(tiles))
    settings = Config.fromfile(CONFIG)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root), ann_file='list.txt')
    return DATASETS.build(settings)


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
def test_samples_of_config(tmp_path: Path, part: str) -> None:
    made = make_flair(tmp_path)
    sample = build(tmp_path, part, TILES)[3]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    image, mask = made[TILES[3]]
    assert list(inputs) == ['opt', 'ndsm']
    assert inputs['opt'].shape == (4, *image.shape[1:])
    assert truth.unique().tolist() == [*range(12), 255]
    if part != 'train':  # not turned
        assert (inputs['opt'].numpy() == image[:4]).all()
        assert (inputs['ndsm'].numpy() == image[4:]).all()
        scored = mask <= 12
        assert (truth.numpy()[scored] + 1 == mask[scored]).all()
        assert (truth.numpy()[~scored] == 255).all()


def test_zero_is_no_class(tmp_path: Path) -> None:
    make_flair(tmp_path)
    dataset = build(tmp_path, 'val', TILES)
    path = dataset.get_data_info(0)['seg_map_path']
    with rasterio.open(path, 'r+') as file:
        file.write(0 * file.read())
    with pytest.raises(ValueError, match=r'label ids {0: \d+}'):
        dataset[0]


def test_classes_and_colours() -> None:
    names, colours = FLAIRDataset.METAINFO.values()
    ids = FLAIRDataset.LABEL['ids']
    assert names[ids[1]] == 'building' and names[ids[12]] == 'plowed'
    assert sorted(ids) == [*range(1, 20)]
    assert len({tuple(colour) for colour in colours}) == len(names) == 12
    assert dict(zip(names, colours, strict=True))['water'] == [21, 83, 174]


@pytest.mark.parametrize('tile', ['000001', 'val/D004_2021/Z1_UA/1', 'test/1'])
def test_wrong_ids_are_named(tmp_path: Path, tile: str) -> None:
    with pytest.raises(ValueError, match=f'{tile!r} is no tile id'):
        build(tmp_path, 'val', (tile,)).full_init()


def test_unknown_directory_is_named() -> None:
    with pytest.raises(ValueError, match="dir of 'opt' must be one of"):
        FLAIRDataset(
            modalities=dict(opt=dict(dir='img', bands=[0])), lazy_init=True
        ).tile_path(TILES[0], 'opt', 'img', '.tif')


def test_command_writes_the_official_split(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    made = make_flair(tmp_path)
    assert flair.main([str(tmp_path)]) == 0
    folder = tmp_path / 'splits/official'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert lists == dict(
        val=[TILES[0]], train=[TILES[1], TILES[2]], test=[TILES[3]]
    )
    out = capsys.readouterr().out
    heights = np.stack([made[tile][0][4] for tile in lists['train']])
    assert f'mean=[{heights.mean():.6g}]' in out
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert flair.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert flair.main([str(tmp_path), '--check']) == 0
    next(tmp_path.glob('flair_labels_train/*/*/msk/*1.tif')).unlink()
    capsys.readouterr()
    assert flair.main([str(tmp_path), '--check']) == 1
    assert f'{TILES[1]} lacks its label' in capsys.readouterr().out


def test_layout_with_a_folder_per_domain(tmp_path: Path) -> None:
    made = make_flair(tmp_path, by_domain=True)
    dataset = build(tmp_path, 'val', TILES)
    for layer in ('aerial', 'labels'):
        assert dataset.list_tiles(layer, '.tif') == sorted(TILES)
    for tile, sample in zip(TILES, dataset, strict=True):
        assert (sample['inputs']['opt'].numpy() == made[tile][0][:4]).all()
    split = flair.make_splits(dataset.list_tiles('labels', '.tif'), 0)
    assert split['official']['val'] == [TILES[0]]
    make_flair(tmp_path)
    named = r"'train-val', 'flair_aerial_train'.* both layouts"
    with pytest.raises(ValueError, match=named):
        build(tmp_path, 'val', TILES).full_init()


def test_domains_in_one_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / 'train-val/aerial/Z1_UA').mkdir(parents=True)
    with pytest.raises(ValueError, match='into a folder of its name'):
        flair.main([str(tmp_path)])


@pytest.mark.skipif(
    not DATA.is_dir(),
    reason='MULTIMODAL_RS_REAL_DATA names no folder with FLAIR tiles',
)
def test_real_tiles(tmp_path: Path) -> None:
    """Three of the training part; its masks have a CRS written otherwise."""
    tiles = []
    for number in range(3):
        area = f'D0{number}0_2020/Z1_UA'
        for source, folder in dict(aerial='img', mask='msk').items():
            layer = 'aerial' if source == 'aerial' else 'labels'
            place = tmp_path / f'flair_{layer}_train' / area / folder
            place.mkdir(parents=True)
            name = f'{folder.upper()}_{number:06}.tif'
            real = DATA / source / f'train_{number}.tif'
            (place / name).symlink_to(real.absolute())
        tiles.append(f'train/{area}/{number:06}')
    dataset = build(tmp_path, 'val', tuple(tiles))
    assert dataset.list_tiles('aerial', '.tif') == tiles
    for number, sample in enumerate(dataset):
        inputs = sample['inputs']
        truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
        with rasterio.open(DATA / f'mask/train_{number}.tif') as file:
            assert (truth + 1 == file.read(1)).all()
        assert inputs['opt'].shape == (4, 512, 512)
        height = inputs['ndsm'][0].numpy() / 5  # metres
        if 0 in truth:  # houses and trees stand on their ground
            assert height[truth == 0].mean() > height[truth == 2].mean() + 3
