"""Rasters on a finer grid: what their files say holds for every pixel."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from multimodal_rs.data_prep.repeated import RepeatedLayer, repeated, stretched
from multimodal_rs.data_prep.scenes import SceneLayer, read_layer
from multimodal_rs.datasets.io.raster import open_raster

WINDOW = (1, 5), (3, 9)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """3 x 4 pixels, of which an internal mask calls two empty."""
    path = tmp_path / 'dsm.tif'
    place = dict(width=4, height=3, count=2, dtype='uint8')
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'w', driver='GTiff', **place) as file,
    ):
        file.write(np.arange(24, dtype='uint8').reshape(2, 3, 4))
        file.write_mask(~empty())
    return path


def empty() -> np.ndarray:
    mask = np.zeros((3, 4), bool)
    mask[0, 1] = mask[2, 3] = True
    return mask


def test_masks_are_repeated_as_numbers_are(path: Path) -> None:
    whole = empty().repeat(3, 0).repeat(3, 1)[:8, :11]
    with repeated(open_raster(str(path)), (8, 11), 3) as file:
        (rows, columns) = (slice(*side) for side in WINDOW)
        for window, expected in (
            (None, whole),
            (WINDOW, whole[rows, columns]),
        ):
            assert (file.masked((0, 1), window) == expected).all()
            assert file.read((0,), window).shape[1:] == expected.shape
        assert list(file.file_names) == [str(path)]
        assert not file.categorical and not file.has_control_points
    with stretched(open_raster(str(path)), (6, 8)) as file:
        expected = empty().repeat(2, 0).repeat(2, 1)
        assert (file.masked((0,)) == expected).all()


def test_tiles_of_a_coarse_layer_have_its_mask(path: Path) -> None:
    fine = path.with_name('opt.tif')
    with rasterio.open(
        fine, 'w', driver='GTiff', width=8, height=6, count=1, dtype='uint8'
    ) as file:
        file.write(np.ones((1, 6, 8), 'uint8'))
    layer = RepeatedLayer(path, like=SceneLayer(fine), factor=2)
    with layer.open() as file:
        tile = read_layer(file, layer)
    assert (tile.empty == empty().repeat(2, 0).repeat(2, 1)).all()


def test_what_a_file_says_is_passed_on(tmp_path: Path) -> None:
    path = str(tmp_path / 'classes.tif')
    place = dict(width=512, height=512, count=1, dtype='uint8', nodata=0)
    tiles = dict(tiled=True, blockxsize=256, blockysize=256, SPARSE_OK=True)
    with rasterio.open(path, 'w', driver='GTiff', **place, **tiles) as file:
        file.write_colormap(1, {1: (255, 0, 0, 255)})
        block = np.ones((1, 256, 256), 'uint8')
        file.write(block, window=((0, 256), (0, 256)))
    with (
        open_raster(path) as source,
        repeated(open_raster(path), (1024, 1024), 2) as file,
    ):
        assert source.missing and source.categorical
        assert file.missing == source.missing and file.categorical
