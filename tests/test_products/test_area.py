"""Areas: by the plane where it is honest, else on the ellipsoid."""

import csv

import numpy as np
import pyproj
import pytest
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.warp import calculate_default_transform, reproject

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.products.area import class_areas, write_area
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import row_areas

DEGREES = dict(
    crs=CRS.from_epsg(4326), transform=Affine(0.1, 0, 7, 0, -0.1, 52)
)


def areas_of(path):
    with ClassMap(path) as land:
        return {a.name: (a.pixels, a.hectares) for a in class_areas(land)}


def test_pixels_of_utm_count_as_they_are(write_map, tmp_path):
    ids = np.zeros((300, 7), int)
    ids[:150] = 2
    ids[299, :3] = 255
    path = write_map(ids)
    assert areas_of(path) == {
        'water': (1047, pytest.approx(10.47)),
        'forest & scrub': (0, 0),
        'crops': (1050, pytest.approx(10.5)),
        'built': (0, 0),
    }
    with ClassMap(path) as land:
        write_area(tmp_path / 'area.csv', class_areas(land))
    rows = list(csv.DictReader((tmp_path / 'area.csv').open()))
    assert [row['class'] for row in rows][1] == 'forest & scrub'
    assert sum(float(row['percent']) for row in rows) == pytest.approx(100)
    assert rows[2] == dict(
        number='2',
        pixels='1050',
        hectares='10.5',
        percent=str(100 * 10.5 / 20.97),
        **{'class': 'crops'},
    )


def test_feet_are_no_metres():
    grid = Grid((3, 4), CRS.from_epsg(2263), Affine(10, 0, 9.8e5, 0, -10, 2e5))
    foot = 1200 / 3937
    np.testing.assert_allclose(row_areas(grid), (10 * foot) ** 2, rtol=1e-9)


def test_grads_are_no_degrees():
    """Lambert zone II lies in a system whose longitudes are grads."""
    place = Affine(25, 0, 6e5, 0, -25, 2.2e6)
    grid = Grid((100, 120), CRS.from_epsg(27572), place)
    np.testing.assert_allclose(row_areas(grid), 625, rtol=1e-9)


@pytest.mark.parametrize('south_up', [False, True])
def test_degrees_are_areas_on_the_ellipsoid(south_up):
    """Against pyproj's geodesics along both parallels, many corners."""
    step, top = (0.1, 50) if south_up else (-0.1, 52)
    grid = Grid((20, 10), DEGREES['crs'], Affine(0.1, 0, 7, 0, step, top))
    found = row_areas(grid)
    assert (np.diff(found) > 0).all() != south_up
    geod = pyproj.Geod(ellps='WGS84')
    for row in (0, 19):
        edges = top + step * np.array([row, row + 1])
        lons = np.linspace(7, 7.1, 200)
        lats = np.repeat(edges, 200)
        area, _ = geod.polygon_area_perimeter([*lons, *lons[::-1]], lats)
        assert found[row] == pytest.approx(abs(area), rel=1e-7)


def test_the_whole_earth_has_its_area():
    grid = Grid((180, 360), DEGREES['crs'], Affine(1, 0, -180, 0, -1, 90))
    assert 360 * row_areas(grid).sum() == pytest.approx(5.10065621724e14)


@pytest.mark.parametrize(
    'crs', ['EPSG:4047', '+proj=longlat +R=6371007.181 +no_defs']
)
def test_a_sphere_has_its_area(crs):
    place = Affine(1, 0, -180, 0, -1, 90)
    grid = Grid((180, 360), CRS.from_user_input(crs), place)
    radius = {'EPSG:4047': 6371007}.get(crs, 6371007.181)
    expected = 4 * np.pi * radius**2
    assert 360 * row_areas(grid).sum() == pytest.approx(expected)


def test_a_map_in_web_mercator_has_the_area_of_the_ground(write_map):
    """Twice as much in the plane, at 50 degrees north."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 3, (12, 10)).repeat(30, 0).repeat(30, 1)
    expected = areas_of(write_map(ids))
    target = CRS.from_epsg(3857)
    here = Affine(10, 0, 5e5, 0, -10, 5.55e6), CRS.from_epsg(32632)
    transform, width, height = calculate_default_transform(
        here[1], target, 300, 360, 5e5, 5.55e6 - 3600, 5e5 + 3000, 5.55e6
    )
    warped = np.full((height, width), 255, np.uint8)
    reproject(
        ids.astype('uint8'),
        warped,
        src_transform=here[0],
        src_crs=here[1],
        dst_transform=transform,
        dst_crs=target,
        dst_nodata=255,
    )
    path = write_map(warped, crs=target, transform=transform)
    found = areas_of(path)
    plane = abs(transform.determinant) / 1e4
    for name in ('water', 'forest & scrub', 'crops'):
        pixels, hectares = found[name]
        assert hectares == pytest.approx(expected[name][1], rel=0.005)
        assert pixels * plane > 2 * hectares


def test_what_has_no_area_is_explained(write_map):
    local = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    for crs in (None, local):
        nowhere = write_map(np.zeros((4, 5), int), crs=crs)
        with pytest.raises(ValueError, match='does not say where it lies'):
            areas_of(nowhere)
    # polar stereographic: a tenth of the Earth, areas change along a row
    polar = CRS.from_epsg(3995)
    wide = Affine(50000, 0, -5e6, 0, -50000, 5e6)
    stretched = write_map(np.zeros((200, 200), int), crs=polar, transform=wide)
    with pytest.raises(ValueError, match='-t_srs EPSG:6933'):
        areas_of(stretched)


def test_other_rasters_are_no_maps(write_map, tmp_path):
    with pytest.raises(FileNotFoundError, match='none.tif does not exist'):
        ClassMap(tmp_path / 'none.tif')
    waves = write_map(np.zeros((4, 5), 'complex64'), names=())
    with pytest.raises(ValueError, match='got 1 of complex64: take the band'):
        ClassMap(waves)
    (tmp_path / 'text.tif').write_text('no raster')
    with pytest.raises(ValueError, match='text.tif cannot be read'):
        ClassMap(tmp_path / 'text.tif')


def test_maps_of_others_have_numbers_for_names(write_map):
    path = write_map(np.array([[7, 7], [9, 255]]), names=())
    assert areas_of(path) == {'7': (2, 0.02), '9': (1, 0.01)}
    kept = write_map(np.array([[7, 7], [9, 255]]), names=(), nodata=None)
    assert list(areas_of(kept)) == ['7', '9', '255']
