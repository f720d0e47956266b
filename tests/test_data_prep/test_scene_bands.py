"""What a scene says of its bands holds for its tiles: names, alpha, nodata."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio

from fake_data.files import write_tif
from fake_data.scene import make_scene
from multimodal_rs.data_prep.scenes import TileFolder, cut
from multimodal_rs.datasets.io.raster import open_raster, read_raster
from multimodal_rs.datasets.io.stacked import StackedRaster


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
