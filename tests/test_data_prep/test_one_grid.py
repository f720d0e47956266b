"""Tiles of different resolution, and the command that their error prints."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS
from rasterio import Affine

from fake_data.files import write_tif
from helpers import ROOT
from multimodal_rs.data_prep import mine, one_grid

CONFIG = """
_base_ = {base!r}
modalities = dict(
    rgb=dict(dir='aerial', bands=[0, 1, 2]),
    nir=dict(dir='aerial', bands=[3]),
    sar=dict(dir='sar', bands=[0], nodata='file'))
dataset = dict(
    type='MultiModalSegDataset', modalities=modalities,
    label=dict(dir='label'), metainfo=dict(classes=('a', 'b')))
train_dataloader, val_dataloader, test_dataloader = (
    dict(dataset=dict(**dataset, ann_file=f'lists/{{part}}.txt'))
    for part in ('train', 'val', 'test'))
"""
TILES = ('a/1', 'b/2')


def make(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for number, tile in enumerate(TILES):
        fine = Affine(1, 0, 1000 * number, 0, -1, 5000)
        coarse = Affine(2, 0, 1000 * number, 0, -2, 5000)
        data = rng.integers(0, 255, (4, 64, 64), np.uint8)
        write_tif(root / f'aerial/{tile}.tif', data, 'EPSG:32632', fine)
        sar = rng.normal(0, 1, (1, 32, 32)).astype(np.float32)
        sar[0, :8] = -9999
        path = root / f'sar/{tile}.tif'
        write_tif(path, sar, 'EPSG:32632', coarse)
        with rasterio.open(path, 'r+') as file:
            file.nodata = -9999
        label = data[:1, ::2, ::2] % 2
        write_tif(root / f'label/{tile}.tif', label, 'EPSG:32632', coarse)
    (root / 'lists').mkdir()
    (root / 'lists/train.txt').write_text('a/1\nb/2\n')
    path = root / 'own.py'
    base = str(ROOT / 'configs/_base_/datasets/multimodal.py')
    path.write_text(CONFIG.format(base=base))
    return path


def load(config: Path, root: Path) -> dict:
    cfg = Config.fromfile(config)
    settings = cfg.train_dataloader.dataset
    pipeline = cfg.val_dataloader.dataset.pipeline  # nothing is turned
    settings.update(data_root=str(root), pipeline=pipeline)
    return DATASETS.build(settings)[0]


def test_command_of_the_error_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root, new = tmp_path / 'data', tmp_path / 'new'
    config = make(root)
    with pytest.raises(ValueError, match='rgb and nir and sar') as error:
        load(config, root)
    assert mine.main([str(root), '--config', str(config), '--check']) == 1
    command = 'python data_prep/(one_grid.py .* --like rgb)'
    found = {
        re.search(command, text).group(1)
        for text in (str(error.value), capsys.readouterr().out)
    }
    assert len(found) == 1
    names = dict(FOLDER=root, NEW_FOLDER=new, CONFIG=config)
    _, *words = shlex.split(found.pop())
    arguments = [str(names.get(word, word)) for word in words]
    assert one_grid.main(arguments) == 0

    sample = load(config, new)
    sar = sample['inputs']['sar'].numpy()
    assert sar.shape == (1, 64, 64)
    assert np.isnan(sar[:, :15]).all() and not np.isnan(sar[:, 16:]).any()
    for name in ('aerial/a/1.tif', 'aerial/b/2.tif'):
        with rasterio.open(root / name) as old, rasterio.open(new / name) as f:
            assert (old.read() == f.read()).all()
            assert f.dtypes == ('uint8',) * 4
    with rasterio.open(root / 'label/b/2.tif') as old:
        ids = np.kron(old.read(1), np.ones((2, 2)))
    with rasterio.open(new / 'label/b/2.tif') as file:
        assert (file.read(1) == ids).all()
    assert (new / 'lists/train.txt').read_text() == 'a/1\nb/2\n'
    times = {p: p.stat().st_mtime_ns for p in new.rglob('*.*')}
    (new / 'sar/b/2.tif').unlink()
    assert one_grid.main(arguments) == 0
    assert '6 files, 1 written' in capsys.readouterr().out
    del times[new / 'sar/b/2.tif']
    assert all(p.stat().st_mtime_ns == t for p, t in times.items())
    assert mine.main([str(new), '--config', str(config)]) == 0


def test_labels_of_all_parts_are_written(tmp_path: Path) -> None:
    root, new = tmp_path / 'data', tmp_path / 'new'
    config = make(root)
    with config.open('a') as file:
        file.write(
            "val_dataloader['dataset'].update(\n"
            "    label=dict(dir='eroded'), ann_file='lists/val.csv')"
        )
    (root / 'lists/val.csv').write_text('b/2')
    coarse = root / 'label/b/2.tif'
    (root / 'eroded/b').mkdir(parents=True)
    coarse.rename(root / 'eroded/b/2.tif')
    words = [str(root), str(new), '--config', str(config), '--like', 'rgb']
    assert one_grid.main(words) == 0
    with rasterio.open(root / 'eroded/b/2.tif') as old:
        ids = np.kron(old.read(1), np.ones((2, 2)))
    with rasterio.open(new / 'eroded/b/2.tif') as file:
        assert (file.read(1) == ids).all()
    assert (new / 'label/a/1.tif').is_file()
    lists = {p.name: p.read_text() for p in (new / 'lists').iterdir()}
    assert lists == {'train.txt': 'a/1\nb/2\n', 'val.csv': 'b/2\n'}


def test_other_pixels_on_the_area_of_one(tmp_path: Path) -> None:
    config = make(tmp_path / 'data')
    arguments = [str(tmp_path / 'data'), str(tmp_path / 'new')]
    arguments += ['--config', str(config), '--like', 'sar']
    arguments += ['--resolution', '4', '--resampling']
    arguments += ['nir=average,rgb=nearest,label=mode']
    assert one_grid.main(arguments) == 0
    sample = load(config, tmp_path / 'new')
    assert sample['inputs']['rgb'].shape == (3, 16, 16)
    with rasterio.open(tmp_path / 'data/aerial/a/1.tif') as file:
        expected = file.read().reshape(4, 16, 4, 16, 4).mean(axis=(2, 4))
    found = sample['inputs']['nir'].numpy()
    np.testing.assert_allclose(found, expected[3:], rtol=1e-6)


def test_wrong_use_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    config = make(tmp_path)
    common = ['--config', str(config), '--like']
    for arguments, message in (
        ([str(tmp_path), str(tmp_path), *common, 'rgb'], 'another folder'),
        ([str(tmp_path), 'new', *common, 'dem'], "['dem'], expected some of"),
        ([str(tmp_path / 'x'), 'new', *common, 'rgb'], 'no tile with a file'),
    ):
        with pytest.raises((ValueError, FileNotFoundError)) as error:
            one_grid.main(arguments)
        assert message in str(error.value)


def test_no_tile_is_left_out_silently(tmp_path: Path) -> None:
    config = make(tmp_path / 'data')
    text = config.read_text().replace("nodata='file'", 'optional=True')
    config.write_text(text)
    (tmp_path / 'data/sar/b/2.tif').unlink()
    arguments = [str(tmp_path / 'data'), str(tmp_path / 'new')]
    arguments += ['--config', str(config), '--like']
    with pytest.raises(ValueError, match=r"1 of 2 .* such as \['b/2'\]"):
        one_grid.main([*arguments, 'sar'])
    assert not (tmp_path / 'new').exists()
    assert one_grid.main([*arguments, 'rgb']) == 0


def test_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    config = make(tmp_path / 'data')
    arguments = [str(tmp_path / 'data'), str(tmp_path / 'new')]
    arguments += ['--config', str(config), '--like']
    assert one_grid.main([*arguments, 'rgb']) == 0
    with pytest.raises(ValueError, match='tiles that were made with'):
        one_grid.main([*arguments, 'sar'])


def test_tiles_of_other_files_or_declarations_are_refused(
    tmp_path: Path,
) -> None:
    root, new = tmp_path / 'data', tmp_path / 'new'
    config = make(root)
    arguments = [str(root), str(new), '--config', str(config), '--like', 'rgb']
    assert one_grid.main(arguments) == 0
    text = config.read_text()
    config.write_text(text.replace("nodata='file'", 'nodata=0'))
    with pytest.raises(ValueError, match=r'sar in sar.*now asked for'):
        one_grid.main(arguments)
    config.write_text(text)
    assert one_grid.main(arguments) == 0

    stale = root / 'sar/b/2.tif'
    data = np.zeros((1, 32, 32), np.float32)
    write_tif(stale, data, 'EPSG:32632', Affine(2, 0, 1000, 0, -2, 5000))
    with pytest.raises(ValueError, match=r"1 files .*\['sar/b/2.tif'\]"):
        one_grid.main(arguments)
    (new / 'sar/b/2.tif').unlink()
    assert one_grid.main(arguments) == 0
    with rasterio.open(new / 'sar/b/2.tif') as file:
        assert (file.read() == 0).all()
    # What decides the grid of the others was written again.
    (root / 'aerial/a/1.tif').touch()
    with pytest.raises(ValueError, match='3 files .*aerial/a/1.tif'):
        one_grid.main(arguments)


def test_record_of_before_is_completed(tmp_path: Path) -> None:
    root, new = tmp_path / 'data', tmp_path / 'new'
    config = make(root)
    arguments = [str(root), str(new), '--config', str(config), '--like', 'rgb']
    assert one_grid.main(arguments) == 0
    path = new / 'one_grid.json'
    complete = path.read_text()
    settings = dict(like='rgb', resolution=None, methods={})
    path.write_text(json.dumps(settings))
    assert one_grid.main(arguments) == 0
    assert path.read_text() == complete
