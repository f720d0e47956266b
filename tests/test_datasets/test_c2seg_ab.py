"""C2Seg-AB: cities as published, tiles, three modalities, the splits."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS
from scipy.io import savemat

from fake_data.c2seg_ab import SIZES, make_c2seg_ab, make_city
from helpers import ROOT
from multimodal_rs.data_prep import c2seg_ab
from multimodal_rs.data_prep.scenes import TileFolder, cut
from multimodal_rs.datasets.c2seg_ab import C2SegABDataset
from multimodal_rs.datasets.c2seg_bw import C2SegBWDataset

CONFIG = ROOT / 'configs/_base_/datasets/c2seg_ab.py'


def build(root: Path, part: str) -> C2SegABDataset:
    settings = Config.fromfile(CONFIG)[f'{part}_dataloader'].dataset
    settings.update(data_root=str(root))
    return DATASETS.build(settings)


def test_command_and_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_c2seg_ab(tmp_path)
    assert c2seg_ab.main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert 'hsi, ' in out and 'mean=[' in out
    lists = {
        (p.parent.name, p.stem): p.read_text().split()
        for p in (tmp_path / 'splits').glob('*/*.txt')
    }
    augsburg = [f'augsburg/{top:05}_00000' for top in range(0, 1280, 256)]
    berlin = [f'berlin/00000_{left:05}' for left in (0, 256)]
    assert lists == {
        ('official', 'train'): augsburg,
        ('official', 'test'): berlin,
        ('cross-city', 'train'): augsburg[:4],
        ('cross-city', 'val'): augsburg[4:],
        ('cross-city', 'test'): berlin,
    }
    sample = build(tmp_path, 'test')[1]
    inputs, truth = sample['inputs'], sample['data_samples'].gt_sem_seg.data
    city = {n: x[:256, 256:512] for n, x in make_city('berlin').items()}
    assert {m: x.shape[0] for m, x in inputs.items()} == dict(
        opt=4, sar=2, hsi=242
    )
    assert (inputs['hsi'].numpy() == city['HSI'].transpose(2, 0, 1)).all()
    rgbn = city['MSI'].transpose(2, 0, 1)[[2, 1, 0, 3]]
    np.testing.assert_allclose(inputs['opt'], rgbn / 1e4, rtol=1e-6)
    assert (truth[0].numpy() == city['label'] - np.uint8(1)).all()
    missing = build(tmp_path, 'train')[0]['inputs']['sar'].isnan()
    assert missing.sum() == 2  # both channels of one pixel
    written = {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')}
    assert c2seg_ab.main([str(tmp_path)]) == 0
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*')} == written
    assert c2seg_ab.main([str(tmp_path), '--check']) == 0
    (tmp_path / f'tiles/hsi/{berlin[0]}.tif').unlink()
    capsys.readouterr()
    assert c2seg_ab.main([str(tmp_path), '--check']) == 1
    out = capsys.readouterr().out
    assert f'{berlin[0]} lacks its hsi' in out
    kinds = 'scene not cut completely (1), missing file (1)'
    assert out.endswith(f'\n2 findings: {kinds}\n')


def test_file_with_another_number_of_bands_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a tile is written, so that the right file finds none of it."""
    for city in SIZES:
        monkeypatch.setitem(SIZES, city, (256, 258))  # a tile of each
    make_c2seg_ab(tmp_path, bands=5)
    with pytest.raises(ValueError, match=r'augsburg_m.*mat:HSI has 5 .* 242'):
        c2seg_ab.main([str(tmp_path)])
    assert not (tmp_path / 'tiles').exists()
    # As they were left before scenes were checked.
    cut(c2seg_ab.find_scenes(tmp_path), TileFolder(tmp_path))
    make_c2seg_ab(tmp_path)
    with pytest.raises(
        ValueError, match='Delete the tiles of hsi, in .*tiles'
    ):
        c2seg_ab.main([str(tmp_path)])
    shutil.rmtree(tmp_path / 'tiles/hsi')
    assert c2seg_ab.main([str(tmp_path)]) == 0


def test_bands_that_only_berlin_has_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / 'data1').mkdir()
    image = np.arange(4 * 5 * 244, dtype='uint16').reshape(4, 5, 244)
    for city in c2seg_ab.CITIES:
        variables = dict(HSI=image, MSI=image, SAR=image, label=image[..., 0])
        savemat(tmp_path / f'data1/{city}_multimodal.mat', variables)
    bands = {}
    for scene in c2seg_ab.find_scenes(tmp_path):
        for _ in range(2):
            with scene.layers['hsi'].open() as file:
                bands[scene.name] = file.bands, len(file.dtypes)
                data = file.read()
        window = (1, 3), (2, 5)
        with scene.layers['hsi'].open() as file:
            assert (file.read(window=window) == data[:, 1:3, 2:5]).all()
    # Augsburg's file with as many is another one: the command refuses it.
    assert bands == dict(augsburg=(244, 244), berlin=(242, 242))
    assert (data == image[..., :242].transpose(2, 0, 1)).all()
    out = capsys.readouterr().out
    assert out.count('berlin_multimodal.mat:HSI has 244 bands') == 1


def turn_images(city: dict) -> None:
    for name in ('HSI', 'MSI', 'SAR'):
        city[name] = city[name].transpose(2, 0, 1)


def turn_label(city: dict) -> None:
    city['label'] = city['label'].T


def turn_one(city: dict) -> None:
    city['MSI'] = city['MSI'].transpose(1, 0, 2)


@pytest.mark.parametrize(
    ('turn', 'message'),
    [
        (turn_images, r'mat:HSI has 258 bands .*: the bands stand on another'),
        (turn_label, r"the axes of \['label'\] are transposed"),
        (turn_one, r"the axes of \['msi'\] are transposed"),
    ],
)
def test_transposed_layers_are_named(
    tmp_path: Path, turn: Callable, message: str
) -> None:
    (tmp_path / 'data1').mkdir()
    city = make_city('augsburg')
    turn(city)
    savemat(tmp_path / 'data1/augsburg_multimodal.mat', city)
    with pytest.raises(ValueError, match=message):
        c2seg_ab.main([str(tmp_path)])


def test_classes_are_those_of_the_other_half() -> None:
    assert C2SegABDataset.METAINFO is C2SegBWDataset.METAINFO
    assert C2SegABDataset.LABEL is C2SegBWDataset.LABEL
