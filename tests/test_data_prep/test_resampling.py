"""Windows on another grid: values, validity and place."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.warp import calculate_default_transform, reproject

from fake_data.files import write_tif
from multimodal_rs.data_prep.aligned import (
    AlignedLayer,
    SourceLayer,
    scene_grid,
)
from multimodal_rs.data_prep.scenes import read_layer
from multimodal_rs.data_prep.tile_files import Stripe, write_tile
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.label import Label
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.datasets.validity import prepared

UTM = CRS.from_epsg(32632)
COARSE = Affine(20, 0, 500000, 0, -20, 4000000)
FINE = Affine(10, 0, 500000, 0, -10, 4000000)
GRID = Grid((40, 60), UTM, FINE)


def modality(**attributes):
    declared = dict(bands=[0]) | attributes
    return build_modalities(dict(dem=declared))['dem']


def ids(numbers: dict[int, int]) -> Label:
    return Label(ids=numbers)


def plane(transform: Affine, shape: tuple[int, int]) -> np.ndarray:
    """A slope in map coordinates: linear, so interpolating is exact."""
    height, width = shape
    x = transform.c + (np.arange(width) + 0.5) * transform.a
    y = transform.f + (np.arange(height) + 0.5) * transform.e
    return 0.01 * (x - 500000) + 0.03 * (y - 3999000)[:, None]


def aligned(
    path: Path, data: np.ndarray, method='bilinear', grid=GRID, **declared
) -> AlignedLayer:
    write_tif(path, data, 'EPSG:32632', COARSE)
    source = SourceLayer((path,), None, modality(**declared))
    return AlignedLayer(source, grid, method)


def test_bilinear_is_exact_on_a_plane(tmp_path: Path) -> None:
    data = plane(COARSE, (20, 30))[None].astype(np.float32)
    with aligned(tmp_path / 'dem.tif', data).open() as file:
        found = file.read()
        part = file.read(window=((8, 24), (16, 48)))
        assert file.grid == GRID and file.dtypes == ('float32',)
    expected = plane(FINE, (40, 60))
    # The outer half of a coarse pixel is not between two centres.
    inner = np.s_[1:-1, 1:-1]
    np.testing.assert_allclose(found[0][inner], expected[inner], atol=2e-4)
    np.testing.assert_allclose(part[0], expected[8:24, 16:48], atol=2e-4)


def test_average_is_the_mean_of_what_lies_below(tmp_path: Path) -> None:
    data = np.arange(20 * 30, dtype=np.uint16).reshape(1, 20, 30)
    grid = Grid((5, 6), UTM, Affine(80, 0, 500000, 0, -80, 4000000))
    layer = aligned(tmp_path / 'dem.tif', data, 'average', grid)
    with layer.open() as file:
        found = file.read()
    expected = data[0, :, :24].reshape(5, 4, 6, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)


@pytest.mark.parametrize('method', ['bilinear', 'average', 'nearest'])
@pytest.mark.parametrize('declared', [0, -9999.9, 'file'])
def test_nodata_is_never_mixed_in(
    tmp_path: Path, method: str, declared: float | str
) -> None:
    value = -9999.9 if declared == 'file' else declared
    data = np.full((1, 20, 30), 100, np.float32)
    data[0, 5:12, 7:15] = value
    data[0, 15, 20] = np.nan
    path = tmp_path / 'dem.tif'
    layer = aligned(path, data, method, nodata=declared)
    if declared == 'file':
        with rasterio.open(path, 'r+') as file:
            file.nodata = value
    with layer.open() as file:
        found = file.read()[0]
        assert np.isnan(file.nodata((0,)))
    assert set(np.unique(found[~np.isnan(found)])) == {100}
    assert np.isnan(found[12:22, 16:28]).all()  # well inside the hole
    assert np.isnan(found).sum() <= 4 * (7 * 8 + 1)  # and no wider than it


def test_what_is_not_covered_is_nan(tmp_path: Path) -> None:
    data = np.ones((2, 20, 30), np.uint8)
    grid = Grid((30, 30), UTM, Affine(10, 0, 499800, 0, -10, 4000100))
    layer = aligned(tmp_path / 'dem.tif', data, grid=grid)
    with layer.open() as file:
        found = file.read()
        beyond = file.read(window=((0, 5), (0, 5)))
    assert np.isnan(beyond).all()
    assert np.isnan(found[:, :10]).all() and np.isnan(found[:, :, :20]).all()
    assert (found[:, 10:, 20:] == 1).all()


def test_zero_in_one_band_is_a_measurement(tmp_path: Path) -> None:
    data = np.full((3, 20, 30), 50, np.uint16)
    data[0, 3] = 0
    data[:2, 10] = 0  # the third band is not read, its 0 is none
    layer = aligned(
        *(tmp_path / 'opt.tif', data, 'nearest'),
        bands=[1, 0],
        nodata=0,
        nodata_when='all',
    )
    with layer.open() as file:
        found = file.read()
    assert (found[0, 6:8] == 0).all() and (found[1:, 6:8] == 50).all()
    assert np.isnan(found[:2, 20:22]).all()
    assert (found[2, 20:22] == 50).all()


def test_other_reference_system(tmp_path: Path) -> None:
    """Windows of a warp are the warp, up to GDAL's eighth of a pixel."""
    path = tmp_path / 'sar.tif'
    transform, width, height = calculate_default_transform(
        UTM, 'EPSG:4326', 60, 40, *(500000, 3999600, 500600, 4000000)
    )
    data = np.zeros((1, height, width), np.float32)
    reproject(
        plane(FINE, (40, 60)).astype(np.float32),
        data[0],
        src_transform=FINE,
        src_crs=UTM,
        dst_transform=transform,
        dst_crs='EPSG:4326',
        dst_nodata=np.nan,
        resampling=rasterio.enums.Resampling.bilinear,
    )
    write_tif(path, data, 'EPSG:4326', transform)
    layer = AlignedLayer(
        SourceLayer((path,), None, modality()), GRID, 'nearest'
    )
    with layer.open() as file:
        found = file.read(window=((8, 32), (8, 52)))[0]
    error = abs(found - plane(FINE, (40, 60))[8:32, 8:52])
    assert error.max() < 0.4  # a pixel down is 0.3, one to the right 0.1


def test_ids_stay_ids(tmp_path: Path) -> None:
    path = tmp_path / 'label.tif'
    data = np.zeros((1, 20, 30), np.uint8)
    data[0, :, :10], data[0, :, 10:20] = 255, 7
    write_tif(path, data, 'EPSG:32632', COARSE)
    grid = Grid((40, 70), UTM, Affine(10, 0, 499900, 0, -10, 4000000))
    source = SourceLayer(
        (path,), classes=2, label=ids({99: 255, 255: 255, 7: 0, 0: 1})
    )
    layer = AlignedLayer(source, grid, 'nearest')
    with layer.open() as file:
        found = file.read()[0]
    assert found.dtype == np.uint8
    expected = np.repeat([99, 255, 7, 0], [10, 20, 20, 20])
    assert (found == expected).all()
    assert layer.is_empty(Stripe(found[None, :, :30], None))
    assert not layer.is_empty(Stripe(found[None, :, :31], None))
    with pytest.raises(ValueError, match='255: 255'):
        AlignedLayer(
            SourceLayer((path,), label=ids({0: 0}), classes=2), grid, 'nearest'
        ).open()


def test_negative_ids_stay(tmp_path: Path) -> None:
    path = tmp_path / 'label.tif'
    data = np.repeat(np.int16([-1, 0, 1]), 10) * np.ones((20, 1), np.int16)
    write_tif(path, data[None], 'EPSG:32632', COARSE)
    source = SourceLayer((path,), classes=2, label=ids({-1: 255, 0: 0, 1: 1}))
    layer = AlignedLayer(source, Grid((42, 60), UTM, FINE), 'nearest')
    with layer.open() as file:
        found = layer.ids(file.read())[0]
    assert found.dtype == np.int16
    assert (found[:40] == np.repeat([-1, 0, 1], 20)).all()
    assert (found[40:] == -1).all()
    write_tif(path, np.ones((1, 9, 9), np.uint8), 'EPSG:32632', COARSE)
    with pytest.raises(ValueError, match=r'\(uint8\).*\[-1\]'):
        layer.open()


@pytest.mark.parametrize('transparent', [False, True])
def test_colours_stay_colours(tmp_path: Path, transparent: bool) -> None:
    path = tmp_path / 'label.tif'
    data = np.zeros((3 + transparent, 20, 30), np.uint8)
    data[:3, :10] = np.reshape([255, 128, 1], (3, 1, 1))
    data[3:] = 255
    write_tif(path, data, 'EPSG:32632', COARSE)
    colors = {'#ff8001': 0, '#000000': 1}
    label = Label(colors=colors if transparent else colors | {'#0a0b0c': 255})
    source = SourceLayer((path,), label=label, classes=2)
    layer = AlignedLayer(source, Grid((42, 60), UTM, FINE), 'nearest')
    with layer.open() as file:
        found = layer.ids(file.read())
    raster = label.decoded(found, None, GRID, 'x')
    train_ids = label.train_ids(raster, 2, 'x')
    assert (train_ids == np.repeat([0, 1, 255], [20, 20, 2])[:, None]).all()
    assert layer.is_empty(Stripe(found[:, 40:], None))
    if not transparent:
        source = SourceLayer((path,), label=Label(colors=colors), classes=2)
        with pytest.raises(ValueError, match='or a colour to its `colors`'):
            AlignedLayer(source, layer.grid, 'nearest').open()


def test_nodata_of_a_label_is_kept(tmp_path: Path) -> None:
    path, tile = tmp_path / 'label.tif', tmp_path / 'tile.tif'
    write_tif(path, np.full((1, 20, 30), 9, np.int16), 'EPSG:32632', COARSE)
    with rasterio.open(path, 'r+') as file:
        file.nodata = -5
    label = ids({9: 0})
    source = SourceLayer((path,), label=label, classes=1)
    layer = AlignedLayer(source, Grid((42, 60), UTM, FINE), 'nearest')
    with layer.open() as file:
        write_tile(tile, read_layer(file, layer), {})
    train_ids = label.train_ids(label.read(str(tile)), 1, 'x')
    assert (train_ids == np.repeat([0, 255], [40, 2])[:, None]).all()


def test_mode_is_the_majority(tmp_path: Path) -> None:
    path = tmp_path / 'label.tif'
    blocks = np.array([[3, 255, 7], [8, 3, 4]], np.uint8)
    data = np.kron(blocks, np.ones((4, 4), np.uint8))
    data[::4] = 1  # a quarter of each block
    write_tif(path, data[None], 'EPSG:32632', FINE)
    grid = Grid((2, 3), UTM, Affine(40, 0, 500000, 0, -40, 4000000))
    source = SourceLayer(
        (path,),
        classes=2,
        label=ids({0: 255, **{i: 0 for i in range(1, 256)}}),
    )
    with AlignedLayer(source, grid, 'mode').open() as file:
        assert (file.read()[0] == blocks).all()


def test_files_of_single_bands(tmp_path: Path) -> None:
    """Bands of 10 m stay, one of 20 m joins them."""
    fine = np.arange(40 * 60, dtype=np.uint16).reshape(1, 40, 60)
    paths = [tmp_path / f'{name}.tif' for name in ('B2', 'B11', 'B3')]
    write_tif(paths[0], fine, 'EPSG:32632', FINE)
    write_tif(paths[1], fine[:, :20, :30], 'EPSG:32632', COARSE)
    write_tif(paths[2], fine + 1, 'EPSG:32632', FINE)
    opt = modality(bands=['B3', 'B2'], file_bands=['B2', 'B11', 'B3'])
    source = SourceLayer(tuple(paths), None, opt)
    assert scene_grid('s', dict(opt=source), 'opt', None) == GRID
    with AlignedLayer(source, GRID, 'nearest').open() as file:
        found = file.read()
    assert (found[0] == fine[0]).all() and (found[2] == fine[0] + 1).all()
    assert (found[1] == np.kron(fine[0, :20, :30], np.ones((2, 2)))).all()
    source = SourceLayer((paths[0], paths[2]), None, modality(bands=[1, 0]))
    with AlignedLayer(source, GRID, 'nearest').open() as file:
        assert file.dtypes == ['uint16', 'uint16']  # nothing to resample
        assert (file.read((1, 0)) == np.stack([fine[0] + 1, fine[0]])).all()


def test_modalities_of_one_file_keep_their_own_nodata(tmp_path: Path) -> None:
    """And are resampled each in its own way."""
    path = tmp_path / 'both.tif'
    data = np.random.default_rng(0).normal(100, 9, (3, 20, 30)).astype('f4')
    data[:2, 3:5, 7:9] = 0
    data[:2, 9:, :] = -9999
    write_tif(path, data, 'EPSG:32632', COARSE)
    names = dict(
        opt=dict(bands=[0], nodata=0), dem=dict(bands=[1], nodata=-9999)
    )
    opt, dem = build_modalities(names).values()
    source = SourceLayer((path,), None, opt, others=(dem,))
    layer = AlignedLayer(source, GRID, 'nearest', dict(dem='bilinear'))
    with layer.open() as file:
        tile = read_layer(file, layer)
    for band, declared, method in ((0, 0, 'nearest'), (1, -9999, 'bilinear')):
        one = data[band : band + 1]
        alone = aligned(tmp_path / '1.tif', one, method, nodata=declared)
        with alone.open() as file:
            expected = file.read()[0]
        np.testing.assert_array_equal(tile.data[band], expected)
    assert np.nanmin(tile.data[0]) == -9999 and np.nanmin(tile.data[1]) == 0
    assert (tile.data[2] == np.kron(data[2], np.ones((2, 2)))).all()
    below = Stripe(tile.data[:, 20:, :20], nodata=np.nan)
    assert layer.is_empty(below) and not layer.is_empty(tile)
    shared = modality(bands=[0], nodata=-9999)
    source = SourceLayer((path,), None, opt, others=(shared,))
    with pytest.raises(ValueError, match='opt and dem both read band 0'):
        AlignedLayer(source, GRID, 'nearest').open()


def test_grid_of_other_pixels_covers_the_same(tmp_path: Path) -> None:
    path = tmp_path / 'dem.tif'
    write_tif(path, np.ones((1, 41, 60), np.uint8), 'EPSG:32632', FINE)
    sources = dict(dem=SourceLayer((path,), None, modality()))
    grid = scene_grid('s', sources, 'dem', 20)
    assert grid == Grid((21, 30), UTM, COARSE)


def test_rasters_without_a_place_are_named(tmp_path: Path) -> None:
    layer = aligned(tmp_path / 'dem.tif', np.ones((1, 9, 9), np.uint8))
    write_tif(layer.path, np.ones((1, 9, 9), np.uint8))
    with pytest.raises(ValueError, match=r'dem.tif, \(H, W\) \(9, 9\).*none'):
        layer.open()


def test_nodata_of_the_file_per_band() -> None:
    data = np.array([[[1, 2]], [[3, 4]]], np.int16)
    out = prepared(data, [1, 4], None, modality(bands=[0], nodata='file'))
    assert np.isnan(out).tolist() == [[[True, False]], [[False, True]]]


def test_what_a_file_says_of_its_bands(tmp_path: Path) -> None:
    """Masks make pixels empty; names and tags move along."""
    path = tmp_path / 'opt.tif'
    data = np.full((2, 20, 30), 100, np.uint16)
    write_tif(path, data, 'EPSG:32632', COARSE)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'r+') as file,
    ):
        file.descriptions = ('red', 'nir')
        file.scales, file.offsets = (0.1, 0.1), (1.0, 2.0)
        file.write_mask(np.arange(30) >= 10 * np.ones((20, 1)))
    red = modality(bands=['red'], file_bands=['red', 'nir'])
    source = SourceLayer((path,), None, red)
    layer = AlignedLayer(source, GRID, 'nearest')
    with layer.open() as file:
        tile = read_layer(file, layer)
    assert tile.names == ('red', 'nir') and tile.scaling.offsets == (1, 2)
    assert np.isnan(tile.data[:, :, :20]).all()
    assert (tile.data[:, :, 20:] == 100).all()
    assert layer.is_empty(tile.part(0, 20)) and not layer.is_empty(tile)
    # Who turns nodata off trusts no mask.
    source = SourceLayer((path,), None, modality(nodata=None))
    layer = AlignedLayer(source, GRID, 'nearest')
    with layer.open() as file:
        assert (file.read() == 100).all()
    # Files of single bands, each with a mask of its own, and the first's.
    other = tmp_path / 'nir.tif'
    write_tif(other, data[:1], 'EPSG:32632', COARSE)
    source = SourceLayer((path, other), None, modality())
    same = Grid((20, 30), UTM, COARSE)
    layer = AlignedLayer(source, same, 'nearest')
    with layer.open() as file:
        tile = read_layer(file, layer)
    assert np.isnan(tile.data[:2, :, :10]).all()
    assert (tile.data[2] == 100).all()
    assert tile.scaling.scales == (0.1, 0.1, 1.0)
