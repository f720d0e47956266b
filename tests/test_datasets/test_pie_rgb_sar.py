"""PIE-RGB-SAR: lists of the archive, a radar with equal bands, config."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.files import SIZE, write_tif
from fake_data.pie_rgb_sar import make_pie
from helpers import ROOT
from multimodal_rs.data_prep import pie_rgb_sar
from multimodal_rs.datasets.pie_rgb_sar import PIERGBSARDataset

CONFIG = ROOT / 'configs/_base_/datasets/pie_rgb_sar.py'


def build(root: Path, part: str, **settings: str) -> PIERGBSARDataset:
    dataset = Config.fromfile(CONFIG)[f'{part}_dataloader'].dataset
    dataset.update(data_root=str(root), **settings)
    return DATASETS.build(dataset)


def test_command_and_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    made = make_pie(tmp_path)
    assert pie_rgb_sar.main([str(tmp_path)]) == 0
    folder = tmp_path / 'splits/official-seed0'
    lists = {p.stem: p.read_text().split() for p in folder.glob('*.txt')}
    assert {n: len(ids) for n, ids in lists.items()} == dict(
        train=9, val=1, test=3
    )
    assert lists['test'] == ['GF_10', 'GF_11', 'GF_12']
    radar = np.stack([made[tile]['sar'][0] for tile in lists['train']])
    printed = capsys.readouterr().out
    assert f'mean=[{(radar / 255).mean():.5f}' in printed
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert pie_rgb_sar.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert pie_rgb_sar.main([str(tmp_path), '--check']) == 0
    for part in ('train', 'val', 'test'):
        sample = build(tmp_path, part)[0]
        inputs, data = sample['inputs'], sample['data_samples']
        assert inputs['opt'].shape == (3, SIZE, SIZE)
        assert inputs['sar'].shape == (1, SIZE, SIZE)
        truth = data.gt_sem_seg.data.numpy()
        assert np.unique(truth).tolist() == [*range(6)]  # 0 is scored
        if part != 'train':  # not turned
            tile = made[data.sample_id]
            assert (truth == tile['label']).all()
            np.testing.assert_allclose(
                inputs['opt'], tile['rgb'] / 255, rtol=1e-6
            )
    # The authors' lists are read as they are.
    assert len(build(tmp_path, 'train', ann_file='train.txt')) == 10


def test_lists_that_do_not_fit_are_named(tmp_path: Path) -> None:
    make_pie(tmp_path, train=3, val=2)
    (tmp_path / 'sar/GF_1.tif').unlink()
    with pytest.raises(FileNotFoundError, match='lists 1 of 3 tiles.*GF_1'):
        pie_rgb_sar.main([str(tmp_path)])
    (tmp_path / 'train.txt').unlink()
    with pytest.raises(FileNotFoundError, match='train.txt does not exist'):
        pie_rgb_sar.main([str(tmp_path)])


def test_numbers_that_are_no_class_are_an_error(tmp_path: Path) -> None:
    make_pie(tmp_path, train=1, val=1)
    label = np.full((1, SIZE, SIZE), 6, np.uint8)
    write_tif(tmp_path / 'label/GF_1.tif', label)
    with pytest.raises(ValueError, match='label ids {6: 1024}'):
        build(tmp_path, 'val', ann_file='val.txt')[0]


def test_classes_and_colours() -> None:
    names, colours = PIERGBSARDataset.METAINFO.values()
    named = dict(zip(names, colours, strict=True))
    assert len({tuple(colour) for colour in colours}) == len(names) == 6
    assert names[3] == 'water' and named['water'] == [66, 236, 245]
