"""Scenes whose rasters lie on different grids."""

import math
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.warp import calculate_default_transform, reproject, transform

from fake_data.files import write_tif
from multimodal_rs.datasets.io.raster import OpenedFile
from multimodal_rs.datasets.io.resampled import ResampledRaster
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.windowed import (
    Windows,
    network_modalities,
    predict_rows,
)
from multimodal_rs.utils.windows import Window
from small_network import GRID as OPT

SIZE = 300, 280  # more than a block
ZONE_33 = 'EPSG:32633'
WHOLE = Window(0, 0, *SIZE)
pytestmark = pytest.mark.filterwarnings('ignore:the rasters lie on differ')


def apply(place: Affine, columns, rows):
    return (
        place.a * columns + place.b * rows + place.c,
        place.d * columns + place.e * rows + place.f,
    )


def plane(place: Affine, size: tuple[int, int], crs=None) -> np.ndarray:
    """A slope in the coordinates of `opt`: interpolating it is exact."""
    rows, columns = np.meshgrid(*map(np.arange, size), indexing='ij')
    x, y = apply(place, columns.ravel() + 0.5, rows.ravel() + 0.5)
    if crs is not None:
        x, y = map(np.array, transform(crs, OPT['crs'], x, y))
    values = -15 + 2e-3 * (x - 5e5) - 1e-3 * (y - 6e6)
    return np.stack([values, values - 6]).reshape(2, *size).astype('f4')


@pytest.fixture
def scene(make_scene, tmp_path):
    """`opt` as it is; `sar` on any grid."""
    rasters = make_scene(*SIZE)

    def make(place, size, crs=None, edit=None, name='other.tif'):
        data = plane(place, size, crs)
        if edit is not None:
            edit(data)
        path = tmp_path / name
        write_tif(path, data, crs or OPT['crs'], place)
        with rasterio.open(path, 'r+') as file:
            file.nodata = np.nan
        return dict(rasters, sar=str(path))

    return make


def in_zone_33(scene, edit=None):
    """A raster of 20 m that covers all of the scene."""
    height, width = SIZE
    west, north = OPT['transform'].c, OPT['transform'].f
    bounds = west, north - 10 * height, west + 10 * width, north
    place, columns, rows = calculate_default_transform(
        OPT['crs'], ZONE_33, width, height, *bounds, resolution=20
    )
    return scene(place, (rows, columns), ZONE_33, edit)


def read(model, rasters, grid=FINEST, window=WHOLE):
    with SceneRasters(rasters, network_modalities(model), grid) as opened:
        return opened.read(window)


def ids(model, rasters, grid=FINEST, **windows):
    with SceneRasters(rasters, network_modalities(model), grid) as opened:
        found = predict_rows(model, opened, 4, Windows(**windows))
        return np.concatenate([rows.ids() for rows in found])


def warped(path: str) -> np.ndarray:
    """The whole raster on the grid of `opt`, as a user would warp it."""
    out = np.full((2, *SIZE), np.nan, np.float32)
    with rasterio.open(path) as file:
        reproject(
            rasterio.band(file, [1, 2]),
            out,
            dst_transform=OPT['transform'],
            dst_crs=OPT['crs'],
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
        )
    return out


def test_sar_of_20_m_in_another_zone(model, scene):
    """As if everything had been warped before, holes and noise included."""
    rng = np.random.default_rng(0)

    def edit(data):
        data += rng.normal(0, 3, data.shape)
        data[:, 40:60, 50:90] = np.nan

    rasters = in_zone_33(scene, edit)
    before = warped(rasters['sar'])
    found = read(model, rasters)['sar']
    np.testing.assert_array_equal(np.isnan(found), np.isnan(before))
    assert 1000 < np.isnan(found[0]).sum() < 5000
    np.testing.assert_allclose(found, before, atol=0.02)
    ours = ids(model, rasters, crop=64, stride=32, batch_size=16)
    theirs = ids(model, dict(rasters, sar=before), crop=64, stride=64)
    assert len(np.unique(ours)) >= 3
    assert (ours == theirs).mean() > 0.99


def test_a_pixel_is_the_same_in_every_window(model, scene):
    rng = np.random.default_rng(0)
    rasters = in_zone_33(scene, lambda data: data.__iadd__(rng.normal(size=1)))
    whole = read(model, rasters)['sar']
    for window in (
        *(Window(0, 0, 7, 280), Window(250, 249, 260, 258)),
        *(Window(131, 3, 300, 200), Window(-5, 270, 40, 290)),
    ):
        part = read(model, rasters, window=window)['sar']
        inside = [
            slice(max(a, 0), min(b, n))
            for a, b, n in zip(window[:2], window[2:], SIZE, strict=True)
        ]
        shift = [s.start - a for s, a in zip(inside, window, strict=False)]
        rows, columns = (
            slice(d, d + s.stop - s.start)
            for d, s in zip(shift, inside, strict=True)
        )
        np.testing.assert_array_equal(
            part[:, rows, columns], whole[:, inside[0], inside[1]]
        )


def test_rasters_of_the_grid_are_read_as_they_are(model, make_scene):
    rasters = make_scene(*SIZE)
    chosen = SceneGrid('opt', methods=dict(sar='nearest'))
    modalities = network_modalities(model)
    with (
        SceneRasters(rasters, modalities) as plain,
        SceneRasters(rasters, modalities, chosen) as named,
    ):
        for opened in (plain, named):
            files = opened.files.values()
            assert all(isinstance(file, OpenedFile) for file in files)
        ours, theirs = plain.read(WHOLE), named.read(WHOLE)
        with rasterio.open(rasters['sar']) as file:
            np.testing.assert_array_equal(ours['sar'], file.read())
    np.testing.assert_array_equal(ours['opt'], theirs['opt'])


def test_south_up(model, scene):
    north_up = scene(OPT['transform'], SIZE)
    expected = read(model, north_up)
    turned = Affine(10, 0, 5e5, 0, 10, 6e6 - 10 * SIZE[0])
    south_up = scene(turned, SIZE, name='south.tif')
    found = read(model, south_up, SceneGrid('opt'))
    np.testing.assert_allclose(found['sar'], expected['sar'], atol=1e-4)
    with rasterio.open(south_up['opt']) as file:
        data = file.read()[:, ::-1]
    path = Path(south_up['opt']).with_name('opt_south.tif')
    write_tif(path, data, OPT['crs'], turned)
    found = read(model, dict(south_up, opt=str(path)))
    np.testing.assert_array_equal(found['opt'], expected['opt'][:, ::-1])
    with SceneRasters(
        dict(south_up, opt=str(path)), network_modalities(model)
    ) as opened:
        assert opened.grid.transform == turned


def test_rotated(model, scene):
    x, y = apply(OPT['transform'], SIZE[1] / 2, SIZE[0] / 2)
    across, down = 15 * math.cos(0.5), 15 * math.sin(0.5)
    corner = x - 150 * (across + down), y - 150 * (down - across)
    place = Affine(across, down, corner[0], down, -across, corner[1])
    rasters = scene(place, (300, 300))
    found = read(model, rasters)['sar']
    assert not np.isnan(found).any()
    expected = plane(OPT['transform'], SIZE)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    # The other way round, the map is rotated.
    with SceneRasters(
        rasters, network_modalities(model), SceneGrid('sar')
    ) as opened:
        assert opened.grid.transform == place
        opt = opened.read(Window(0, 0, 300, 300))['opt']
    assert not np.isnan(opt[:, 100:200, 100:200]).any()
    assert np.isnan(opt[:, :5, :5]).all()


def test_half_of_it_and_inside_an_archive(model, scene, tmp_path):
    half = scene(Affine(20, 0, 5e5, 0, -20, 6e6), (150, 70))
    found = read(model, half)['sar']
    assert np.isnan(found[:, :, 140:]).all()
    assert not np.isnan(found[:, :, :139]).any()
    alone = ids(model, dict(opt=half['opt']), crop=32, stride=32)
    both = ids(model, half, crop=32, stride=32)
    np.testing.assert_array_equal(both[:, 160:], alone[:, 160:])
    assert (both[:, :128] != alone[:, :128]).any()
    archive = tmp_path / 'sar.zip'
    with zipfile.ZipFile(archive, 'w') as file:
        file.write(half['sar'], 's1/sar.tif')
    inside = dict(half, sar=f'/vsizip/{archive}/s1/sar.tif')
    np.testing.assert_array_equal(read(model, inside)['sar'], found)


def test_files_of_single_bands(model, scene, tmp_path):
    """Bands of 10 m and of 20 m, not all that are declared, in any order."""
    names = ['B2', 'B3', 'B4', 'B8', 'B11']
    declared = dict(
        bands=['B4', 'B11'], file_bands=names, display=dict(bands=['B4'])
    )
    modalities = build_modalities(dict(opt=declared))
    coarse = Affine(20, 0, 5e5, 0, -20, 6e6)
    paths = [str(tmp_path / f'T32_{n}_x.tif') for n in ('B11', 'B04')]
    for path, place, size in zip(
        paths, (coarse, OPT['transform']), ((150, 140), SIZE), strict=True
    ):
        write_tif(Path(path), plane(place, size)[:1], OPT['crs'], place)
    with SceneRasters(dict(opt=paths), modalities) as opened:
        assert opened.size == SIZE
        found = opened.read(WHOLE)['opt']
        assert opened.read_reduced(30)['opt'].shape == (2, 30, 28)
    expected = plane(OPT['transform'], SIZE)[0]
    np.testing.assert_array_equal(found[0], expected)
    np.testing.assert_allclose(
        found[1][1:-1, 1:-1], expected[1:-1, 1:-1], atol=1e-3
    )
    with (
        pytest.raises(ValueError, match="expected one file with 'B11' in its"),
        SceneRasters(dict(opt=paths[1:] * 2), modalities),
    ):
        pass


def test_reduced(model, scene):
    rasters = in_zone_33(scene)
    with SceneRasters(rasters, network_modalities(model)) as opened:
        found = opened.read_reduced(50)['sar']
    expected = plane(Affine(60, 0, 5e5, 0, -280 / 47 * 10, 6e6), (50, 47))
    assert found.shape == (2, 50, 47) and not np.isnan(found).any()
    assert abs(found - expected).max() < 0.3  # a pixel is 0.12 and 0.06


def opened_method(rasters, modalities, grid):
    with SceneRasters(rasters, modalities, grid) as opened:
        file = opened.files['sar']
        assert isinstance(file, ResampledRaster)
        return file.method


def test_ways_of_resampling(model, scene):
    modalities = network_modalities(model)
    fine = scene(Affine(4, 0, 5e5, 0, -4, 6e6), (200, 200), name='fine.tif')
    near = scene(Affine(8, 0, 5e5, 0, -8, 6e6), (200, 200), name='near.tif')
    opt = SceneGrid('opt')
    assert opened_method(fine, modalities, opt) == 'average'
    assert opened_method(near, modalities, opt) == 'bilinear'
    chosen = SceneGrid('opt', methods=dict(sar='nearest'))
    assert opened_method(fine, modalities, chosen) == 'nearest'
    with rasterio.open(fine['sar']) as file:
        data = file.read(1)[:25, :25].reshape(5, 5, 5, 5)  # 20 m
    grid = SceneGrid('opt', 20)
    found = read(model, fine, grid, Window(0, 0, 5, 5))['sar'][0]
    np.testing.assert_allclose(found, data.mean((1, 3)), rtol=1e-5)
    classes = fine['sar'].replace('fine', 'classes')
    write_tif(Path(classes), np.ones((1, 9, 9), 'u1'), *OPT.values())
    with rasterio.open(classes, 'r+') as file:
        file.write_colormap(1, {0: (0, 0, 0), 1: (9, 9, 9)})
        assert file.colorinterp[0] == ColorInterp.palette
    one = build_modalities(dict(opt=dict(bands=[0]), sar=dict(bands=[0])))
    grid = SceneGrid('opt', 20)
    found = opened_method(dict(opt=fine['opt'], sar=classes), one, grid)
    assert found == 'nearest'


def test_any_raster_says_the_grid(model, scene, tmp_path):
    rasters = in_zone_33(scene)
    place = Affine(50, 0, 500500, 0, -50, 5999500)
    write_tif(tmp_path / 'like.tif', np.ones((1, 20, 30), 'u1'), 32632, place)
    like = SceneGrid(tmp_path / 'like.tif', 25)
    with SceneRasters(rasters, network_modalities(model), like) as opened:
        assert opened.size == (40, 60) and opened.grid.transform.a == 25
        found = opened.read(Window(0, 0, 40, 60))
        assert str(tmp_path / 'like.tif') in opened.file_names()
    expected = plane(Affine(25, 0, 500500, 0, -25, 5999500), (40, 60))
    np.testing.assert_allclose(found['sar'], expected, atol=0.01)
    assert not np.isnan(found['opt']).any()


def test_what_is_done_is_said(model, scene):
    rasters = in_zone_33(scene)
    expected = 'sar is resampled to that of opt, which .*10 x 10, EPSG:32632'
    with pytest.warns(UserWarning, match=expected):
        read(model, rasters)
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        read(model, rasters, SceneGrid('opt'))


@pytest.mark.parametrize(
    ('grid', 'error', 'expected'),
    [
        (dict(like='dem'), KeyError, r"'dem' .* expected one of .*'opt', 's"),
        (dict(like='no/dem.tif'), FileNotFoundError, 'no/dem.tif does not'),
        (dict(methods=dict(dem='nearest')), KeyError, r"\['dem'\].*\['opt'"),
        (dict(methods=dict(sar='cubic')), ValueError, "bilinear.*'cubic'"),
        (dict(resolution=0), ValueError, 'side of a pixel .* got 0'),
    ],
)
def test_wrong_choices(model, scene, grid, error, expected):
    rasters = scene(Affine(20, 0, 5e5, 0, -20, 6e6), (150, 70))
    with pytest.raises(error, match=expected):
        read(model, rasters, SceneGrid(**grid))


def test_rasters_that_do_not_meet(model, scene):
    away = scene(Affine(20, 0, 6e5, 0, -20, 6e6), (150, 70))
    expected = (
        'sar.* does not overlap .* covers 600000 to 601400 and 5997000 to '
        '6000000, the grid 500000 to 502800 and 5997000 to 6000000 .EPSG:32632'
    )
    with pytest.raises(ValueError, match=expected):
        read(model, away)
    away = scene(Affine(20, 0, 5e5, 0, -20, 6e6), (150, 70), ZONE_33)
    expected = 'covers 15 to 15.0.* the grid 9 to 9.04.* .degrees of longi'
    with pytest.raises(ValueError, match=expected):
        read(model, away)


def test_a_raster_without_reference_system(model, scene, tmp_path):
    place = Affine(20, 0, 5e5, 0, -20, 6e6)
    rasters = scene(place, (150, 70))
    path = tmp_path / 'no_crs.tif'
    write_tif(path, plane(place, (150, 70)), None, place)
    expected = 'no_crs.tif .sar. lies in no known .*EPSG:32632.*rio edit-info'
    with pytest.raises(ValueError, match=expected):
        read(model, dict(rasters, sar=str(path)))


def test_nothing_says_where_it_lies(model):
    arrays = dict(opt=np.ones((3, 20, 30), 'u2'), sar=np.ones((2, 20, 31)))
    with pytest.raises(ValueError, match=r'\(20, 30\) of opt and .* one size'):
        read(model, arrays)
    arrays['sar'] = np.ones((2, 20, 30))
    with pytest.raises(ValueError, match='resolution is asked for'):
        read(model, arrays, SceneGrid(resolution=5))


def test_ground_control_points_are_no_grid(tmp_path):
    path = str(tmp_path / 'grd.tif')
    corners = [(0, 0, 9, 47), (0, 8, 10, 47), (8, 0, 9, 46), (8, 8, 10, 46)]
    points = [GroundControlPoint(*corner) for corner in corners]
    profile = dict(driver='GTiff', dtype='float32', count=1)
    with rasterio.open(path, 'w', height=8, width=8, **profile) as file:
        file.write(np.ones((1, 8, 8), 'float32'))
        file.gcps = points, CRS.from_epsg(4326)
    modalities = build_modalities(dict(sar=dict(bands=[0])))
    with (
        pytest.raises(ValueError, match='first: `gdalwarp .*grd_rectified.ti'),
        SceneRasters(dict(sar=path), modalities),
    ):
        pass


def test_zero_that_results_is_a_measurement(model, scene):
    """Between -1 and 1 lies 0, which marks nothing but pixels of the file."""

    def edit(data):
        data[:] = np.where(np.arange(70) % 2, 1, -1)

    rasters = scene(Affine(20, 0, 5e5, 0, -20, 6e6), (150, 70), edit=edit)
    modalities = network_modalities(model)
    modalities['sar'] = replace(modalities['sar'], nodata=0.0)
    grid = SceneGrid('opt', 40, dict(sar='average'))
    with SceneRasters(rasters, modalities, grid) as opened:
        found = opened.read(Window(0, 0, 60, 30))['sar']
    assert (found == 0).all() and math.isfinite(found.sum())
