"""Bands in files of their own: what is empty is known by all together."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from fake_data.files import write_tif
from multimodal_rs.data_prep.aligned import AlignedLayer, SourceLayer
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.utils.windows import Window

UTM = CRS.from_epsg(32632)
FINE = Affine(10, 0, 5e5, 0, -10, 6e6)
COARSE = Affine(20, 0, 5e5, 0, -20, 6e6)
SIZE = 80, 300  # more than a block
HOLE = np.s_[:, 50:60, 100:120]  # empty in all bands
DARK = np.s_[0, 20:40, 20:40]  # 0 in the first one alone
pytestmark = pytest.mark.filterwarnings('ignore:the rasters lie on differ')


def picture() -> np.ndarray:
    data = np.random.default_rng(0).integers(1000, 2000, (3, *SIZE), 'u2')
    data[HOLE] = data[DARK] = 0
    return data


def written(path: Path, bands: np.ndarray, place=FINE, nodata=0) -> str:
    write_tif(path, np.atleast_3d(bands.T).T, UTM, place, nodata)
    return str(path)


def scene(paths, choice=FINEST, window=None, **declared) -> np.ndarray:
    declared = dict(bands=[2, 1, 0], nodata_when='all') | declared
    modalities = build_modalities(dict(opt=declared))
    with SceneRasters(dict(opt=paths), modalities, choice) as opened:
        window = window or Window(0, 0, *opened.size)
        return opened.read(window)['opt']


@pytest.fixture
def both_ways(tmp_path):
    """A file of three bands, and a file for each of them."""
    data = picture()
    whole = written(tmp_path / 'opt.tif', data)
    each = [
        written(tmp_path / f'band_{i}.tif', band)
        for i, band in enumerate(data)
    ]
    return whole, each


@pytest.mark.parametrize('when', ['all', 'any'])
@pytest.mark.parametrize('method', ['bilinear', 'average', 'nearest'])
def test_files_of_bands_are_as_one_file(both_ways, tmp_path, when, method):
    whole, each = both_ways
    place = Affine(15, 0, 5e5, 0, -15, 6e6)
    like = written(tmp_path / 'like.tif', np.ones((1, 53, 200), 'u1'), place)
    choice = SceneGrid(like=like, methods=dict(opt=method))
    expected = scene(whole, choice, nodata_when=when)
    found = scene(each, choice, nodata_when=when)
    np.testing.assert_array_equal(found, expected)
    empty = np.isnan(expected[0]).sum() * 225
    # The hole has 20000 square metres, the dark place 40000.
    assert empty == pytest.approx(dict(all=20000, any=60000)[when], rel=0.25)


def test_bands_of_two_resolutions(both_ways, tmp_path):
    """A pixel is empty where all bands are, each on its own grid."""
    whole, each = both_ways
    data = picture()
    coarse = data[2, ::2, ::2]
    coarse[30:40, 100:120] = 0  # another dark place
    each[2] = written(tmp_path / 'band_2.tif', coarse, COARSE)
    found = scene(each)
    hole = np.zeros(SIZE, bool)
    hole[HOLE[1:]] = True
    np.testing.assert_array_equal(np.isnan(found), np.stack([hole] * 3))
    np.testing.assert_array_equal(found[1:, ~hole], data[1::-1, ~hole])
    # Empty pixels count for nothing, dark ones do.
    assert (found[0, 48:62, 96:124][~hole[48:62, 96:124]] >= 1000).all()
    assert (found[0, 61:79, 201:239] == 0).all()
    assert np.isfinite(scene(each, window=Window(60, 200, 80, 240))).all()
    # The other way round, four pixels lie below one.
    found = scene(each, SceneGrid(resolution=20))
    np.testing.assert_array_equal(np.isnan(found[0]), hole[::2, ::2])
    np.testing.assert_array_equal(
        found[0][~hole[::2, ::2]], coarse[~hole[::2, ::2]]
    )


def test_one_valid_pixel_below_a_coarse_one(both_ways, tmp_path):
    """It is a measurement, so the coarse band's 0 is one there."""
    _, each = both_ways
    data = picture()
    data[1, 54, 110] = 7
    each[1] = written(tmp_path / 'band_1.tif', data[1])
    each[2] = written(tmp_path / 'band_2.tif', data[2, ::2, ::2], COARSE)
    found = scene(each)
    assert found[:, 54, 110].tolist() == [0, 7, 0]
    assert np.isnan(found[0]).sum() == 10 * 20 - 1
    found = scene(each, SceneGrid(resolution=20))
    assert found[:, 27, 55].tolist() == [0, 7, 0]


def test_what_a_file_does_not_mark_takes_no_part(both_ways, tmp_path):
    """Of two resolutions as of one: a band without nodata marks nothing."""
    _, each = both_ways
    data = picture()
    same = written(tmp_path / 'same.tif', data[2], nodata=None)
    expected = scene([*each[:2], same])
    assert np.isnan(expected[0]).sum() == 10 * 20
    coarse = data[2, ::2, ::2]
    each[2] = written(tmp_path / 'coarse.tif', coarse, COARSE, nodata=None)
    found = scene(each)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    # Nothing that any file declares counts.
    assert not np.isnan(scene(each, nodata=None)).any()
    # A mask marks as well, and NaN is no number in any band.
    with rasterio.open(each[2], 'r+') as file:
        mask = np.ones(coarse.shape, bool)
        mask[27:30, 50:60] = False
        file.write_mask(mask)
    found = np.isnan(scene(each)[0])
    assert found[54:60, 100:120].all() and found.sum() == 6 * 20
    gap = coarse.astype('f4')
    gap[5, 5] = np.nan
    each[2] = written(tmp_path / 'gap.tif', gap, COARSE, nodata=0)
    found = np.isnan(scene(each)[0])
    assert found[10:12, 10:12].all() and found.sum() == 10 * 20 + 4


def test_tiles_of_a_scene_are_read_alike(both_ways, tmp_path):
    """As those that are cut for training."""
    whole, each = both_ways
    coarse = written(tmp_path / 'c.tif', picture()[2, ::2, ::2], COARSE)
    declared = dict(bands=[2, 1, 0], nodata_when='all')
    modality = build_modalities(dict(opt=declared))['opt']
    grid = Grid((40, 150), UTM, COARSE)

    def tiles(paths):
        source = SourceLayer(tuple(map(Path, paths)), None, modality)
        with AlignedLayer(source, grid, 'average').open() as file:
            return file.read()

    expected = tiles([whole])
    assert np.isnan(expected[0]).sum() == 5 * 10
    assert (expected[0, 11:19, 11:19] == 0).all()
    np.testing.assert_array_equal(tiles(each), expected)
    mixed = tiles([*each[:2], coarse])
    np.testing.assert_array_equal(mixed[:2], expected[:2])
    np.testing.assert_array_equal(np.isnan(mixed[2]), np.isnan(expected[2]))


def test_files_in_any_order_with_bands_of_several(both_ways, tmp_path):
    """Bands of files with several, on two grids, stay in their order."""
    data = picture()
    paths = [
        written(tmp_path / 'a.tif', data[:1, ::2, ::2], COARSE),
        written(tmp_path / 'b.tif', data[1:]),
        written(tmp_path / 'c.tif', data[:1, ::2, ::2] + 1, COARSE),
    ]
    choice = SceneGrid(methods=dict(opt='nearest'))
    found = scene(paths, choice, bands=[3, 1, 0, 2])
    doubled = np.kron(data[0, ::2, ::2], np.ones((2, 2)))
    expected = np.stack([doubled + 1, data[1], doubled, data[2]])
    np.testing.assert_array_equal(found, expected)
