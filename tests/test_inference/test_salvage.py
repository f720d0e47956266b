"""A raster with a damaged block: it stops, or the rest is mapped."""

import numpy as np
import pytest
import rasterio

from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows, network_modalities
from multimodal_rs.utils.windows import Window
from small_network import CLASSES, PALETTE

SIZE = 200, 230
WHOLE = Window(0, 0, *SIZE)
BLOCK = np.s_[64:128, 128:192]
NODATA = SceneGrid(unreadable='nodata')


@pytest.fixture
def damaged(make_scene):
    """Spoil a compressed block of SAR."""
    layout = dict(tiled=True, blockxsize=64, blockysize=64)
    rasters = make_scene(*SIZE, sar=dict(layout, compress='deflate'))
    with rasterio.open(rasters['sar']) as file:
        place, length = (
            int(file.get_tag_item(f'BLOCK_{what}_2_1', 'TIFF', bidx=1))
            for what in ('OFFSET', 'SIZE')
        )
        data = file.read()
    with open(rasters['sar'], 'r+b') as file:
        file.seek(place)
        file.write(b'\xff' * length)
    return rasters, data


def test_the_rest_is_read(model, damaged):
    rasters, data = damaged
    modalities = network_modalities(model)
    with (
        SceneRasters(rasters, modalities) as scene,
        pytest.raises(ValueError, match='sar.tif cannot be read.* nodata`'),
    ):
        scene.read(WHOLE)
    expected = data.copy()
    expected[(slice(None), *BLOCK)] = np.nan
    said = r'sar.tif \(sar\) could not .* in 1 places.*64 to 128, columns 128'
    with (
        pytest.warns(UserWarning, match=said),
        SceneRasters(rasters, modalities, NODATA) as scene,
    ):
        np.testing.assert_array_equal(scene.read(WHOLE)['sar'], expected)
        part = scene.read(Window(60, 100, 100, 150))['sar']
        np.testing.assert_array_equal(part, expected[:, 60:100, 100:150])
        assert np.isnan(scene.read_reduced(50)['sar']).all()


def test_the_map_is_finished(model, damaged, tmp_path):
    rasters, data = damaged

    def ids(name, rasters, grid):
        files, windows = SceneFiles(tmp_path / name), Windows(64, 32)
        names = CLASSES, PALETTE, windows, False, grid
        predict_scene(model, rasters, files, *names)
        with rasterio.open(tmp_path / name) as file:
            return file.read(1)

    with pytest.raises(ValueError, match='sar.tif cannot be read'):
        ids('map.tif', rasters, SceneGrid())
    assert not (tmp_path / 'map.tif').exists()
    with pytest.warns(UserWarning, match='count as nodata: rows 64 to 128'):
        found = ids('map.tif', rasters, NODATA)
    gapped = data.copy()
    gapped[(slice(None), *BLOCK)] = np.nan
    expected = ids('expected.tif', dict(rasters, sar=gapped), SceneGrid())
    np.testing.assert_array_equal(found, expected)
    assert (found != 255).all()


def test_wrong_choice():
    with pytest.raises(ValueError, match="'stop', 'nodata'.*'skip'"):
        SceneGrid(unreadable='skip')
