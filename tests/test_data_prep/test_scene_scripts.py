"""The scripts of WHU-OPT-SAR and C2Seg-BW, which cut scenes into tiles."""

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS

from fake_data.c2seg_bw import make_c2seg_bw
from fake_data.files import write_matlab, write_tif
from fake_data.whu_opt_sar import make_whu_opt_sar
from helpers import ROOT, contents
from multimodal_rs.data_prep import c2seg_bw, scenes, whu_opt_sar
from multimodal_rs.datasets.io.raster import read_raster

SHEETS = [f'NH49E00{row}0{column}' for row in (1, 2) for column in range(10)]


def run_whu(root: Path, *options: str) -> int:
    return whu_opt_sar.main([str(root), *options])


def run_c2seg(root: Path, *options: str) -> int:
    return c2seg_bw.main([str(root), *options])


SCRIPTS = [
    pytest.param(
        run_whu,
        lambda root: make_whu_opt_sar(root, SHEETS[:5]),
        {
            'random-622-seed0': dict(train=12, val=4, test=4),
            'geographic-622-seed0': dict(train=12, val=4, test=4),
        },
        id='whu-opt-sar',
    ),
    pytest.param(
        run_c2seg,
        make_c2seg_bw,
        {
            'official': dict(train=5, test=2),
            'cross-city': dict(train=4, val=1, test=2),
            'beijing-82-seed0': dict(train=4, val=1),
        },
        id='c2seg-bw',
    ),
]


@pytest.mark.parametrize(('run', 'make', 'splits'), SCRIPTS)
def test_scripts(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    run: Callable,
    make: Callable,
    splits: dict[str, dict[str, int]],
) -> None:
    make(tmp_path)
    source = contents(tmp_path)
    assert run(tmp_path, '--check') == 1  # nothing is cut yet
    assert 'SCENE NOT CUT COMPLETELY' in capsys.readouterr().out
    assert contents(tmp_path) == source
    assert run(tmp_path) == 0
    assert 'mean=[' in capsys.readouterr().out
    written = contents(tmp_path)
    assert source.items() <= written.items()
    lists = {
        folder.name: {
            path.stem: path.read_text().count('\n')
            for path in folder.glob('*.txt')
        }
        for folder in (tmp_path / 'splits').iterdir()
    }
    assert lists == splits
    assert run(tmp_path) == 0
    assert contents(tmp_path) == written  # byte for byte, and not rewritten
    assert run(tmp_path, '--check') == 0
    assert 'Nothing wrong was found' in capsys.readouterr().out
    for path in source:  # the tiles are enough
        path.unlink()
    assert run(tmp_path) == run(tmp_path, '--check') == 0


def test_splits_of_all_sheets() -> None:
    # 5556 x 3704 pixels have 21 x 14 tiles.
    tiles = [
        scenes.tile_id(f'NH49E0{sheet:05}', 256 * row, 256 * column)
        for sheet in range(100)
        for row in range(14)
        for column in range(21)
    ]
    splits = whu_opt_sar.make_splits(tiles, seed=0)
    for split in splits.values():
        sizes = {part: len(ids) for part, ids in split.items()}
        assert sizes == dict(train=17640, val=5880, test=5880)
        assert sorted(sum(split.values(), [])) == sorted(tiles)
    parts = splits['geographic-622-seed0'].values()
    sheets = [set(map(scenes.scene_of, part)) for part in parts]
    assert [len(part) for part in sheets] == [60, 20, 20]
    assert not any(a & b for a, b in itertools.combinations(sheets, 2))
    other = whu_opt_sar.make_splits(tiles, seed=1)
    assert other['geographic-622-seed1'] != splits['geographic-622-seed0']


def test_sheets_may_lie_in_image(tmp_path: Path) -> None:
    make_whu_opt_sar(tmp_path, SHEETS[:1])
    (tmp_path / 'optical').rename(tmp_path / 'image')
    # Other labels under the same names, which nobody wants.
    write_tif(
        tmp_path / f'intro/lbl/{SHEETS[0]}.tif', np.zeros((1, 9, 9), np.uint8)
    )
    (sheet,) = whu_opt_sar.find_scenes(tmp_path)
    assert sheet.name == SHEETS[0]
    assert {name: str(layer.path) for name, layer in sheet.layers.items()} == {
        'optical': f'{tmp_path}/image/{SHEETS[0]}.tif',
        'sar': f'{tmp_path}/sar/{SHEETS[0]}.tif',
        'lbl': f'{tmp_path}/lbl/{SHEETS[0]}.tif',
    }


def test_incomplete_sheets_are_named(tmp_path: Path) -> None:
    make_whu_opt_sar(tmp_path, SHEETS[:3])
    (tmp_path / f'sar/{SHEETS[1]}.tif').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 3 sheets') as e:
        run_whu(tmp_path)
    assert SHEETS[1] in str(e.value)
    assert not (tmp_path / 'tiles').exists()


def test_empty_folders_are_named(tmp_path: Path) -> None:
    for run in (run_whu, run_c2seg):
        with pytest.raises(ValueError, match='no tile has all of'):
            run(tmp_path)


def test_tiles_of_matlab_files_are_not_transposed(tmp_path: Path) -> None:
    make_c2seg_bw(tmp_path)
    path = tmp_path / 'data2/wuhan.mat'
    msi = read_raster(str(path), key='MSI').data
    assert msi.shape == (4, 256, 600)
    assert run_c2seg(tmp_path) == 0
    tile = tmp_path / 'tiles/msi/wuhan/00000_00256.tif'
    with rasterio.open(tile) as file:
        assert (file.read() == msi[:, :, 256:512]).all()
        assert file.dtypes[0] == 'float32' and file.crs is None
    with rasterio.open(tmp_path / 'tiles/sar/wuhan/00000_00000.tif') as file:
        assert np.isnan(file.read()[:, 7, 5]).tolist() == [False, True]
    with rasterio.open(tmp_path / 'tiles/label/wuhan/00000_00000.tif') as file:
        assert file.dtypes == ('uint8',)


def test_validation_part_of_beijing_is_its_last_rows() -> None:
    tiles = [
        f'{city}/{256 * row:05}_{256 * column:05}'
        for city in c2seg_bw.CITIES
        for row in range(10)
        for column in range(4)
    ]
    split = c2seg_bw.make_splits(tiles, seed=0)['cross-city']
    assert {tile.split('/')[1][:5] for tile in split['val']} == {
        '02048',
        '02304',
    }
    assert len(split['train']) == 32 and len(split['test']) == 40
    assert {scenes.scene_of(tile) for tile in split['test']} == {'wuhan'}


def test_unclear_variables_are_named(tmp_path: Path) -> None:
    make_c2seg_bw(tmp_path)
    path = tmp_path / 'data2/beijing.mat'
    write_matlab(path, dict(a=np.ones((256, 256)), SAR=np.ones((256, 256))))
    with pytest.raises(ValueError, match=r"beijing.mat.*'msi'.*\['SAR', 'a'"):
        c2seg_bw.find_scenes(tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r'beijing.mat does not exist'):
        c2seg_bw.find_scenes(tmp_path)


def test_matlab_files_may_lie_in_the_root(tmp_path: Path) -> None:
    make_c2seg_bw(tmp_path)
    found = c2seg_bw.find_scenes(tmp_path / 'data2')
    assert [scene.name for scene in found] == ['beijing', 'wuhan']
    keys = {name: layer.key for name, layer in found[0].layers.items()}
    assert keys == dict(msi='MSI', sar='SAR', label='label', hsi='HSI')


def test_pixels_of_30_m_become_nine(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_c2seg_bw(tmp_path, bands=116)
    assert run_c2seg(tmp_path) == 0
    assert not (tmp_path / 'tiles/hsi').exists()  # only on request
    config = ('--config', 'c2seg_bw_hsi.py')
    assert run_c2seg(tmp_path, *config) == 0
    assert 'hsi, ' in capsys.readouterr().out
    tile = tmp_path / 'tiles/hsi/wuhan/00000_00256.tif'
    with rasterio.open(tile) as file:
        data = file.read()
    assert data.shape == (116, 256, 256)
    rows, columns = np.mgrid[:256, 256:512] // 3
    assert (data == 1000 * rows + columns).all()
    assert tile.stat().st_size < data.nbytes / 9
    assert run_c2seg(tmp_path, '--check', *config) == 0
    base = ROOT / 'configs/_base_/datasets/c2seg_bw_hsi.py'
    settings = Config.fromfile(base).test_dataloader.dataset
    settings.update(data_root=str(tmp_path))
    inputs = DATASETS.build(settings)[0]['inputs']
    bands = {m: x.shape[0] for m, x in inputs.items()}
    assert bands == dict(opt=4, sar=2, hsi=116)


def test_a_transposed_layer_is_named(tmp_path: Path) -> None:
    make_c2seg_bw(tmp_path, bands=116)
    path = tmp_path / 'data2/wuhan.mat'
    images = dict(
        HSI=np.ones((200, 86, 116)),
        MSI=np.ones((256, 600, 4)),
        SAR=np.ones((256, 600, 2)),
    )
    write_matlab(path, images)
    with pytest.raises(ValueError, match=r'\(200, 86\).*cover \(256, 600\)'):
        run_c2seg(tmp_path, '--config', 'c2seg_bw_hsi.py')
