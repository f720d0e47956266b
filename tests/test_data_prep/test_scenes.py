"""Cutting scenes: the tiles are the scene, in place, and resuming goes on."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import rasterio

from fake_data.files import write_tif
from fake_data.scene import make_scene
from helpers import contents
from multimodal_rs.data_prep import scenes
from multimodal_rs.data_prep.scene_axes import turned
from multimodal_rs.data_prep.scenes import Scene, TileFolder, cut, find_uncut
from multimodal_rs.datasets.io.raster import read_raster


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


def test_layers_with_turned_axes_are_named() -> None:
    shapes = dict(hsi=(30, 242, 20), msi=(30, 4, 20), label=(1, 20, 30))
    assert turned(shapes) == ['hsi', 'msi']
    shapes = dict(hsi=(242, 20, 30), msi=(4, 20, 30), label=(1, 30, 20))
    assert turned(shapes) == ['label']
    shapes = dict(hsi=(242, 20, 30), msi=(4, 20, 29))
    assert turned(shapes) == []


def test_tiles_of_another_file_are_named(tmp_path: Path, scene: Scene) -> None:
    cut([scene], TileFolder(tmp_path))
    write_tif(tmp_path / 'opt.tif', np.zeros((3, 515, 800), np.uint8))
    with pytest.raises(
        ValueError, match='00000_00000.tif has 4 bands, .*opt.tif has 3: .*Del'
    ):
        cut([scene], TileFolder(tmp_path))


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
