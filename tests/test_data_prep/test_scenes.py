"""Cutting scenes: pixels, place, resuming; the two scripts that do it."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.config import Config
from mmseg.registry import DATASETS
from rasterio import Affine

from fake_data.c2seg_bw import make_c2seg_bw
from fake_data.files import write_matlab, write_tif
from fake_data.whu_opt_sar import make_whu_opt_sar
from helpers import ROOT
from multimodal_rs.data_prep import c2seg_bw, scenes, whu_opt_sar
from multimodal_rs.data_prep.scenes import (
    Scene,
    SceneLayer,
    TileFolder,
    cut,
    find_uncut,
)
from multimodal_rs.datasets.band_files import StackedRaster
from multimodal_rs.datasets.io.raster import open_raster, read_raster

SHEETS = [f'NH49E00{row}0{column}' for row in (1, 2) for column in range(10)]
ORIGIN = Affine(5, 0, 500000, 0, -5, 3400000)


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob('*')
        if path.is_file()
    }


def make_scene(root: Path, optical: np.ndarray, label: np.ndarray) -> Scene:
    write_tif(root / 'opt.tif', optical, 'EPSG:32649', ORIGIN)
    write_tif(root / 'lbl.tif', label)
    layers = dict(
        optical=SceneLayer(root / 'opt.tif'),
        lbl=SceneLayer(root / 'lbl.tif', is_label=True),
    )
    return Scene('NH49', layers)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    rng = np.random.default_rng(0)
    optical = rng.integers(0, 256, (4, 515, 800), np.uint8)
    return make_scene(tmp_path, optical, optical[:1] // 4)


def test_tiles_are_the_scene(tmp_path: Path, scene: Scene) -> None:
    cut([scene], TileFolder(tmp_path))
    whole = read_raster(str(tmp_path / 'opt.tif')).data
    found = set()
    for top, left in itertools.product((0, 256), (0, 256, 512)):
        name = f'NH49/{top:05}_{left:05}.tif'
        part = whole[:, top : top + 256, left : left + 256]
        path = tmp_path / 'tiles/optical' / name
        with rasterio.open(path) as file:
            assert (file.read() == part).all()
            assert file.dtypes == ('uint8',) * 4
            assert file.crs == 'EPSG:32649'
            # (500000, 3400000) is the corner of the scene, 5 m a pixel.
            corner = file.transform.c, file.transform.f
            assert corner == (500000 + 5 * left, 3400000 - 5 * top)
            assert file.transform.a == 5 and file.transform.e == -5
            assert rasterio.enums.ColorInterp.alpha not in file.colorinterp
        label = tmp_path / 'tiles/lbl' / name
        assert (read_raster(str(label)).data == part[:1] // 4).all()
        found |= {path, label}
    assert found == set((tmp_path / 'tiles').rglob('*.*'))


def test_interrupted_cutting_goes_on(
    tmp_path: Path, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut([scene], TileFolder(tmp_path / 'whole'))
    write = scenes.write_tile
    calls = []

    def interrupted(path, tile, place):
        calls.append(path)
        if len(calls) == 6:
            # Killed while the file is being written.
            monkeypatch.setattr(rasterio.io.DatasetWriter, 'write', kill)
        write(path, tile, place)

    def kill(file, data):
        raise KeyboardInterrupt

    root = tmp_path / 'resumed'
    with monkeypatch.context():
        monkeypatch.setattr(scenes, 'write_tile', interrupted)
        with pytest.raises(KeyboardInterrupt):
            cut([scene], TileFolder(root))
        monkeypatch.undo()
    first = contents(root)
    assert len(first) == 5
    (finding,) = find_uncut([scene], TileFolder(root))
    assert '7 of 12 tiles' in finding.text
    cut([scene], TileFolder(root))
    assert find_uncut([scene], TileFolder(root)) == []
    second = contents(root)
    assert first.items() <= second.items()
    assert {path.relative_to(root) for path in second} == {
        path.relative_to(tmp_path / 'whole')
        for path in contents(tmp_path / 'whole')
    }
    for path, (data, _) in second.items():
        whole = tmp_path / 'whole' / path.relative_to(root)
        assert data == whole.read_bytes()
    cut([scene], TileFolder(root))
    assert contents(root) == second


def test_layers_of_different_size_are_named(
    tmp_path: Path, scene: Scene
) -> None:
    write_tif(tmp_path / 'lbl.tif', np.zeros((1, 514, 800), np.uint8))
    with pytest.raises(ValueError, match=r"'lbl': \(514, 800\)"):
        cut([scene], TileFolder(tmp_path))
    (finding,) = find_uncut([scene], TileFolder(tmp_path))
    assert finding.kind == 'unusable scene'


def test_scenes_smaller_than_a_tile_are_named(tmp_path: Path) -> None:
    scene = make_scene(tmp_path, *2 * [np.zeros((1, 300, 255), np.uint8)])
    with pytest.raises(ValueError, match=r'at least 256x256 .*\(300, 255\)'):
        cut([scene], TileFolder(tmp_path))


@pytest.mark.parametrize('keep', [10, 200000])
def test_damaged_scenes_are_named(
    tmp_path: Path, scene: Scene, keep: int
) -> None:
    path = tmp_path / 'opt.tif'
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r'opt.tif cannot be read'):
        cut([scene], TileFolder(tmp_path))
    written = (tmp_path / 'tiles').rglob('*')
    assert all(p.stat().st_size for p in written if p.is_file())


@pytest.mark.parametrize('number', [2.5, -1, 256, np.nan])
def test_labels_must_be_ids(tmp_path: Path, number: float) -> None:
    label = np.full((1, 256, 256), 7.0)
    label[0, 3, 3] = number
    scene = make_scene(tmp_path, np.ones((1, 256, 256)), label)
    with pytest.raises(ValueError, match='whole numbers from 0 to 255'):
        cut([scene], TileFolder(tmp_path))


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
    make_c2seg_bw(tmp_path)
    path = tmp_path / 'data2/wuhan.mat'
    images = dict(
        HSI=np.ones((200, 86, 2)),
        MSI=np.ones((256, 600, 4)),
        SAR=np.ones((256, 600, 2)),
    )
    write_matlab(path, images)
    with pytest.raises(ValueError, match=r'\(200, 86\).*cover \(256, 600\)'):
        run_c2seg(tmp_path, '--config', 'c2seg_bw_hsi.py')


def test_what_a_scene_says_of_its_bands_moves_along(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    optical = rng.integers(1, 256, (4, 300, 300), np.uint8)
    empty = rng.random((300, 300)) < 0.1
    optical[3] = 255
    optical[3, empty] = 0  # the alpha band, as GDAL takes it
    scene = make_scene(tmp_path, optical, optical[:1] // 4)
    with rasterio.open(tmp_path / 'opt.tif', 'r+') as file:
        file.descriptions = ('R', 'G', 'B', 'N')
        file.scales, file.offsets = (0.5,) * 4, (1.0,) * 4
    cut([scene], TileFolder(tmp_path))
    path = str(tmp_path / 'tiles/optical/NH49/00000_00000.tif')
    with open_raster(path) as file:
        assert file.names == ('R', 'G', 'B', 'N')
        assert file.scaling((0,)) == ((0.5,), (1.0,))
        mask = file.masked((0, 1, 2))
    np.testing.assert_array_equal(mask, empty[:256, :256])
    assert not list(tmp_path.rglob('*.msk'))


def test_a_fourth_band_can_be_a_measurement(tmp_path: Path) -> None:
    optical = np.zeros((4, 300, 300), np.uint8)
    scene = make_scene(tmp_path, optical, optical[:1])
    layers = dict(scene.layers)
    layers['optical'] = replace(layers['optical'], measured=(3,))
    cut([replace(scene, layers=layers)], TileFolder(tmp_path))
    path = str(tmp_path / 'tiles/optical/NH49/00000_00000.tif')
    with open_raster(path) as file:
        assert file.masked((0, 1, 2, 3)) is None


def test_measurements_that_several_files_call_alpha(tmp_path: Path) -> None:
    data = np.zeros((4, 8, 8), np.uint8)
    paths = [str(tmp_path / f'{name}.tif') for name in 'ab']
    for path in paths:
        write_tif(Path(path), data)
    stacked = StackedRaster([open_raster(path) for path in paths])
    with stacked:
        assert stacked.masked(range(8)).all()
        assert stacked.masked(range(8), measured=(3, 7)) is None
        mask = stacked.masked(range(8), measured=(3,))
        assert mask[4:].all() and not mask[:4].any()


def test_nodata_beyond_float32_becomes_nan(tmp_path: Path) -> None:
    optical = np.ones((1, 300, 300))
    optical[0, 0] = lowest = np.finfo(np.float64).min
    scene = make_scene(tmp_path, optical, optical.astype(np.uint8))
    with rasterio.open(tmp_path / 'opt.tif', 'r+') as file:
        file.nodata = lowest
    cut([scene], TileFolder(tmp_path))
    tile = read_raster(str(tmp_path / 'tiles/optical/NH49/00000_00000.tif'))
    assert tile.data.dtype == np.float32 and np.isnan(tile.nodata)
    assert np.isnan(tile.data[0, 0]).all() and (tile.data[0, 1:] == 1).all()
