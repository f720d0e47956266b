"""Hunan: folders that a config declares, labels, other layouts."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.files import SIZE
from fake_data.hunan import NUMBERS, TILES, make_hunan, make_ssrs
from helpers import ROOT
from multimodal_rs.data_prep import hunan
from multimodal_rs.datasets.hunan import HunanDataset

BASE = ROOT / 'configs/_base_/datasets/hunan.py'
WITH_SAR = BASE.with_name('hunan_sar.py')
SSRS = BASE.with_name('hunan_ssrs.py')


def build(config: Path, root: Path, part: str) -> HunanDataset:
    settings = Config.fromfile(config)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    return DATASETS.build(settings)


def test_command_and_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    made = make_hunan(tmp_path)
    assert hunan.main([str(tmp_path), '--config', WITH_SAR.name]) == 0
    folder = tmp_path / 'splits/official'
    for part in ('train', 'val', 'test'):
        listed = (folder / f'{part}.txt').read_text().split()
        assert listed == [t for t in TILES if t.startswith(part)]
    written = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert hunan.main([str(tmp_path), '--config', WITH_SAR.name]) == 0
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == written
    assert hunan.main([str(tmp_path)]) == 0  # the usual config
    assert hunan.main([str(tmp_path), '--check']) == 0
    training = np.stack([made[t]['s2'] for t in TILES[:2]]).astype(float)
    for part in ('train', 'val', 'test'):
        sample = build(WITH_SAR, tmp_path, part)[0]
        inputs, data = sample['inputs'], sample['data_samples']
        bands = {m: len(x) for m, x in inputs.items()}
        assert bands == dict(opt=4, dem=1, sar=2)
        if part == 'train':  # it may be turned
            continue
        tile = made[data.sample_id]
        for channel, band in enumerate((3, 2, 1, 7)):  # B4, B3, B2, B8
            numbers = training[:, band]
            expected = (tile['s2'][band] - numbers.mean()) / numbers.std()
            np.testing.assert_allclose(
                inputs['opt'][channel], expected, rtol=1e-4, atol=1e-5
            )
        truth, raw = data.gt_sem_seg.data.numpy(), tile['lc']
        assert {n: {*truth[raw == n].tolist()} for n in NUMBERS} == {
            **{0: {255}, 1: {0}, 2: {1}, 3: {2}, 4: {1}, 5: {3}, 6: {4}},
            **{7: {6}, 8: {6}, 9: {5}, 10: {6}, 11: {255}, 255: {255}},
        }
    (tmp_path / 'val/s1/s1_7.tif').unlink()
    capsys.readouterr()
    words = [str(tmp_path), '--check', '--config', WITH_SAR.name]
    assert hunan.main(words) == 1
    assert 'val/7 lacks its sar' in capsys.readouterr().out


def test_conversion_of_ssrs(tmp_path: Path) -> None:
    label = make_ssrs(tmp_path)
    assert hunan.main([str(tmp_path), '--config', SSRS.name]) == 0
    sample = build(SSRS, tmp_path, 'test')[0]
    assert sample['inputs']['opt'].shape == (3, SIZE, SIZE)
    assert sample['inputs']['dem'].max() <= 1
    truth = sample['data_samples'].gt_sem_seg.data[0].numpy()
    assert (truth == np.where(label < 0, 255, label.astype(int))).all()


def test_another_layout_is_described(tmp_path: Path) -> None:
    make_hunan(tmp_path)
    (tmp_path / 'train/topo').rename(tmp_path / 'elevation')
    for part in ('val', 'test'):
        for path in (tmp_path / part / 'topo').iterdir():
            path.unlink()
    for words in ([], ['--check']):
        with pytest.raises(FileNotFoundError) as error:
            hunan.main([str(tmp_path), *words])
        message = str(error.value)
        assert "no file of ['dem']" in message
        assert '{part}/topo/topo_{name}.tif' in message
        assert '2 files like elevation/topo_1212.tif' in message
    (tmp_path / 'nothing').mkdir()
    with pytest.raises(FileNotFoundError, match='found no file at all'):
        hunan.main([str(tmp_path / 'nothing')])
    make_hunan(tmp_path / 'nothing/Hunan_Dataset')
    with pytest.raises(FileNotFoundError, match='Hunan_Dataset: move its'):
        hunan.main([str(tmp_path / 'nothing')])


def test_declared_folders(tmp_path: Path) -> None:
    make_hunan(tmp_path)
    dataset = HunanDataset(
        modalities=dict(opt=dict(dir='s2/{part}/a_{name}_b', bands=[0])),
        data_root=str(tmp_path),
        lazy_init=True,
    )
    path = dataset.tile_path('val/7', 'opt', 's2/{part}/a_{name}_b', '.tif')
    assert path == 's2/val/a_7_b.tif'
    place = tmp_path / path
    place.parent.mkdir(parents=True)
    place.touch()
    assert dataset.list_tiles('s2/{part}/a_{name}_b', '.tif') == ['val/7']
    with pytest.raises(ValueError, match="'7' is no tile id"):
        dataset.tile_path('7', 'opt', '{part}/s2/{name}', '.tif')
    with pytest.raises(ValueError, match='must have both'):
        dataset.list_tiles('{part}/s2', '.tif')


def test_classes_and_colours() -> None:
    names, colours = HunanDataset.METAINFO.values()
    ids = HunanDataset.LABEL['ids']
    assert names[ids[9]] == 'unused land' and names[ids[8]] == 'built-up'
    assert len({tuple(colour) for colour in colours}) == len(names) == 7
