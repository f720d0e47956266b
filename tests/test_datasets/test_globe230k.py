"""Globe230k: layout, NDVI that is missing, labels, configs."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, MODELS

from fake_data.files import write_tif
from fake_data.globe230k import SIZE, make_tile
from helpers import ROOT
from multimodal_rs.data_prep import globe230k
from multimodal_rs.datasets.globe230k import (
    Globe230kDataset,
    Globe230kSurplusDataset,
)

BASE = ROOT / 'configs/_base_/datasets/globe230k.py'
DEM = BASE.with_name('globe230k_dem.py')
RECIPE = (
    ROOT / 'configs/df2rq/df2rq-concat_vit-b-p8_4xb4-160k_globe230k-512x512.py'
)


def build(config: Path, root: Path, part: str) -> Globe230kDataset:
    settings = Config.fromfile(config)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    return DATASETS.build(settings)


@pytest.mark.parametrize('part', ['train', 'val', 'test'])
@pytest.mark.parametrize('config', [BASE, DEM, RECIPE])
def test_samples_of_configs(tmp_path: Path, config: Path, part: str) -> None:
    tile = make_tile(tmp_path)
    sample = build(config, tmp_path, part)[0]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    bands = {m: len(x) for m, x in inputs.items()}
    expected = dict(opt=3, ndvi=1, sar=2)
    if config == DEM:
        expected['dem'] = 1
    assert bands == expected
    assert set(truth.unique().tolist()) == {*range(10), 255}
    if part != 'train':  # neither turned nor scaled
        np.testing.assert_allclose(
            inputs['sar'], tile['vvvh'] / 40 + 1, rtol=1e-5
        )
        assert inputs['ndvi'][0].isnan().any(dim=1).sum() == 3
        assert (truth.numpy()[0] == tile['label'] - np.uint8(1)).all()
        if config == DEM:
            np.testing.assert_allclose(
                inputs['dem'], tile['dem'] / 1e3, rtol=1e-5
            )


def test_a_tile_without_ndvi_lacks_it(tmp_path: Path) -> None:
    make_tile(tmp_path)
    path = tmp_path / 'ndvi_patch/data_1.tif'
    write_tif(path, np.full((1, *SIZE), np.nan, 'float32'))
    sample = build(BASE, tmp_path, 'val')[0]['data_samples']
    assert sample.present_modalities == ('opt', 'sar')


def test_normalisation_is_the_published_one() -> None:
    config = Config.fromfile(BASE).data_preprocessor
    preprocessor = MODELS.build(config)
    decibel = torch.tensor([-20.0, -10.0]).view(2, 1, 1)
    inputs = dict(sar=[decibel / 40 + 1])
    found = preprocessor(dict(inputs=inputs))['inputs']['sar'].flatten()
    mean, std = torch.tensor([[-18.0581, -11.128], [2.5397, 2.5465]])
    torch.testing.assert_close(found, (decibel.flatten() - mean) / std)
    black = preprocessor.missing_image('sar', torch.zeros(1, 1, 1, 1))
    expected = (torch.tensor([-40.0, -40.0]) - mean) / std
    torch.testing.assert_close(black.flatten(), expected)


def test_classes_and_colours() -> None:
    names, colours = Globe230kDataset.METAINFO.values()
    named = dict(zip(names, colours, strict=True))
    assert len({tuple(colour) for colour in colours}) == len(names) == 10
    assert named['water'] == [10, 78, 151]
    ids = Globe230kDataset.LABEL['ids']
    assert ids[0] == 255 and names[ids[10]] == 'ice/snow'
    surplus, more = Globe230kSurplusDataset.METAINFO.values()
    assert surplus[:10] == names and len(surplus) == len(more) == 13
    assert Globe230kSurplusDataset.LABEL == Globe230kDataset.LABEL


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for number in range(1, 11):
        make_tile(tmp_path, f'data_{number}', size=(32, 32))
    # One tile has no NDVI at all, another not even the file.
    empty = np.full((1, 32, 32), np.nan, 'float32')
    write_tif(tmp_path / 'ndvi_patch/data_3.tif', empty)
    (tmp_path / 'ndvi_patch/data_4.tif').unlink()
    assert globe230k.main([str(tmp_path)]) == 0
    folder = tmp_path / 'splits/random-622-seed0'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert {n: len(ids) for n, ids in lists.items()} == dict(
        train=6, val=2, test=2
    )
    assert {i for ids in lists.values() for i in ids} == {
        f'data_{number}' for number in range(1, 11)
    }
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert globe230k.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert globe230k.main([str(tmp_path), '--check']) == 0
    assert globe230k.main([str(tmp_path), '--config', DEM.name]) == 0
    assert 'dem, ' in capsys.readouterr().out
    (tmp_path / 'vvvh_patch/data_5.tif').unlink()
    assert globe230k.main([str(tmp_path), '--check']) == 1
    assert 'data_5 lacks its sar' in capsys.readouterr().out


def test_lists_of_df2rq_are_read(tmp_path: Path) -> None:
    make_tile(tmp_path)
    (tmp_path / 'val_num.txt').write_text('data_1\n')
    settings = Config.fromfile(BASE).val_dataloader.dataset
    settings.update(data_root=str(tmp_path), ann_file='val_num.txt')
    assert len(DATASETS.build(settings)) == 1
