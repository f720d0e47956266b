"""A raster with a damaged block: it stops, or the rest is mapped."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio import Affine

from fake_data.files import write_tif
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows, network_modalities
from multimodal_rs.utils.windows import Window
from small_network import CLASSES, GRID, PALETTE

SIZE = 200, 230
WHOLE = Window(0, 0, *SIZE)
BLOCK = np.s_[64:128, 128:192]
NODATA = SceneGrid(unreadable='nodata')
LAYOUT = dict(tiled=True, blockxsize=64, blockysize=64)


def spoil(path: str, inside: str = '') -> None:
    """Write over a compressed block, of a raster in the file if named."""
    with rasterio.open(inside or path) as file:
        place, length = (
            int(file.get_tag_item(f'BLOCK_{what}_2_1', 'TIFF', bidx=1))
            for what in ('OFFSET', 'SIZE')
        )
    with open(path, 'r+b') as file:
        file.seek(place)
        file.write(b'\xff' * length)


def gapped(data: np.ndarray) -> np.ndarray:
    """What is left without the block."""
    left = data.copy()
    left[(slice(None), *BLOCK)] = np.nan
    return left


@pytest.fixture
def damaged(make_scene):
    """Spoil a block of SAR."""
    rasters = make_scene(*SIZE, sar=dict(LAYOUT, compress='deflate'))
    with rasterio.open(rasters['sar']) as file:
        data = file.read()
    spoil(rasters['sar'])
    return rasters, data


def test_the_rest_is_read(model, damaged):
    rasters, data = damaged
    modalities = network_modalities(model)
    with (
        SceneRasters(rasters, modalities) as scene,
        pytest.raises(ValueError, match='sar.tif cannot be read.* nodata`'),
    ):
        scene.read(WHOLE)
    expected = gapped(data)
    said = r'sar.tif \(sar\) could not .* in 1 places.*64 to 128, columns 128'
    with (
        pytest.warns(UserWarning, match=said),
        SceneRasters(rasters, modalities, NODATA) as scene,
    ):
        np.testing.assert_array_equal(scene.read(WHOLE)['sar'], expected)
        part = scene.read(Window(60, 100, 100, 150))['sar']
        np.testing.assert_array_equal(part, expected[:, 60:100, 100:150])
        assert np.isnan(scene.read_reduced(50)['sar']).all()


def test_a_damaged_block_that_is_read_first(model, damaged):
    """GDAL remembers its error, for whoever asks it for something else."""
    rasters, _ = damaged
    with (
        pytest.warns(UserWarning, match='count as nodata'),
        SceneRasters(rasters, network_modalities(model), NODATA) as scene,
    ):
        found = scene.read(Window(70, 130, 90, 150))
    assert np.isnan(found['sar']).all() and not np.isnan(found['opt']).any()


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
    left = dict(rasters, sar=gapped(data))
    expected = ids('expected.tif', left, SceneGrid())
    np.testing.assert_array_equal(found, expected)
    assert (found != 255).all()


@pytest.mark.parametrize('resolution', [12, 25])
def test_no_more_is_lost_on_another_grid(model, damaged, tmp_path, resolution):
    """Blocks that are resampled are larger than the one that is damaged."""
    rasters, data = damaged
    modalities = network_modalities(model)
    choice = replace(NODATA, resolution=resolution)
    said = r'sar.tif .* in 1 places of the file.*rows 64 to 128, columns 128 t'
    with (
        pytest.warns(UserWarning, match=said),
        SceneRasters(rasters, modalities, choice) as scene,
    ):
        whole = Window(0, 0, *scene.size)
        found = scene.read(whole)['sar']
        assert np.isnan(scene.read_reduced(50)['sar']).all()
    left = tmp_path / 'left.tif'
    write_tif(left, gapped(data), GRID['crs'], GRID['transform'], np.nan)
    left = dict(rasters, sar=str(left))
    with SceneRasters(left, modalities, choice) as scene:
        expected = scene.read(whole)['sar']
    np.testing.assert_array_equal(found, expected)
    lost = np.isnan(found[0]).sum() * resolution**2
    assert lost == pytest.approx(640 * 640, rel=0.1)


def test_whole_numbers_and_a_damaged_mask(tmp_path):
    """Who cannot read what is empty takes it for empty."""
    data = np.random.default_rng(0).integers(1, 60000, (2, *SIZE), 'i4')
    path = str(tmp_path / 'opt.tif')
    profile = dict(GRID, **LAYOUT, count=2, height=SIZE[0], width=SIZE[1])
    with rasterio.open(path, 'w', dtype='int32', **profile) as file:
        file.write(data)
        file.write_mask(np.arange(SIZE[1]) > 10 * np.ones((SIZE[0], 1)))
    spoil(path, f'GTIFF_DIR:2:{path}')
    modalities = build_modalities(dict(opt=dict(bands=[1, 0])))
    with (
        SceneRasters(dict(opt=path), modalities) as scene,
        pytest.raises(ValueError, match='opt.tif cannot be read'),
    ):
        scene.read(WHOLE)
    with (
        pytest.warns(UserWarning, match='rows 64 to 128, columns 128 to 192'),
        SceneRasters(dict(opt=path), modalities, NODATA) as scene,
    ):
        found = scene.read(WHOLE)['opt']
    expected = gapped(data[::-1].astype('f4'))
    expected[:, :, :11] = np.nan
    np.testing.assert_array_equal(found, expected)


def test_files_of_bands_of_two_resolutions(tmp_path):
    """The block of one band is missing in all, on its own grid."""
    profile = dict(GRID, **LAYOUT, count=1, compress='deflate')
    paths = [str(tmp_path / f'{name}.tif') for name in ('fine', 'coarse')]
    wide = dict(profile, transform=Affine(20, 0, 5e5, 0, -20, 6e6))
    for path, settings in zip(paths, (profile, wide), strict=True):
        with rasterio.open(
            path, 'w', height=256, width=256, dtype='uint16', **settings
        ) as file:
            file.write(np.full((1, 256, 256), 7, 'u2'))
    spoil(paths[1])
    declared = dict(bands=[0, 1], nodata=0, nodata_when='all')
    modalities = build_modalities(dict(opt=declared))
    with (
        pytest.warns(UserWarning, match=r'coarse.tif .*rows 64 to 128, colum'),
        SceneRasters(dict(opt=paths), modalities, NODATA) as scene,
    ):
        found = scene.read(Window(0, 0, *scene.size))['opt']
    expected = np.full(found.shape, 7.0)
    expected[:, 128:256, 256:] = np.nan
    np.testing.assert_array_equal(found, expected)


def test_wrong_choice():
    with pytest.raises(ValueError, match="'stop', 'nodata'.*'skip'"):
        SceneGrid(unreadable='skip')
