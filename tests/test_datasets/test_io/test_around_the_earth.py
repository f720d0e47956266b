"""Rasters in longitude and latitude where the longitudes start anew."""

from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from fake_data.files import write_tif
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.io.resampled import ResampledRaster

LON_LAT = CRS.from_epsg(4326)
# 6 km across the meridian of 180 degrees, at 60 degrees north: a block is west
# of it, one east of it, and one is on both sides.
ZONE_60 = Grid(
    (300, 600), CRS.from_epsg(32660), Affine(10, 0, 664300, 0, -10, 6656700)
)
NORTH = Grid(
    (300, 300), CRS.from_epsg(3413), Affine(2e4, 0, -3e6, 0, -2e4, 3e6)
)


def field(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """The same after a full circle."""
    return np.cos(np.radians(longitude)) + latitude / 10


def covered(west: float, width: float, north: float, size: tuple) -> Grid:
    step = width / size[1]
    return Grid(size, LON_LAT, Affine(step, 0, west, 0, -step, north))


def places(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of all pixels."""
    rows, columns = np.indices(grid.size) + 0.5
    t = grid.transform
    x = t.a * columns + t.b * rows + t.c
    y = t.d * columns + t.e * rows + t.f
    if grid.crs != LON_LAT:
        x, y = transform(grid.crs, LON_LAT, x.ravel(), y.ravel())
    return np.reshape(x, grid.size), np.reshape(y, grid.size)


def opened(
    path: Path, source: Grid, grid: Grid, method: str = 'bilinear'
) -> ResampledRaster:
    data = field(*places(source))[None].astype('f4')
    write_tif(path, data, source.crs, source.transform)
    file = open_raster(str(path))
    return ResampledRaster(file, grid, method, lambda data, *_: data)


@pytest.mark.parametrize('west', [179.9, -180.1])
def test_across_the_meridian_of_180_degrees(tmp_path: Path, west) -> None:
    source = covered(west, 0.2, 60.05, (400, 800))
    with opened(tmp_path / 'sar.tif', source, ZONE_60) as file:
        assert file.overlaps
        found = file.read()[0]
        assert not np.isnan(file.read(out_shape=(40, 40))).any()
    np.testing.assert_allclose(found, field(*places(ZONE_60)), atol=1e-5)


@pytest.mark.parametrize('turns', [-1, 0])
def test_web_mercator_across_180_degrees(tmp_path: Path, turns) -> None:
    """Its x begins anew there, too."""
    middle = (turns + 0.5) * 2 * np.pi * 6378137
    place = Affine(50, 0, middle - 12000, 0, -50, 8412000)
    source = Grid((600, 480), CRS.from_epsg(3857), place)
    with opened(tmp_path / 'sar.tif', source, ZONE_60) as file:
        assert file.overlaps
        found = file.read()[0]
    np.testing.assert_allclose(found, field(*places(ZONE_60)), atol=1e-5)


@pytest.mark.parametrize('west', [-180, 0, -30])
@pytest.mark.parametrize('grid', [ZONE_60, NORTH])
@pytest.mark.parametrize('method', ['bilinear', 'average', 'nearest'])
def test_a_raster_of_the_whole_earth(
    tmp_path: Path, west: float, grid: Grid, method: str
) -> None:
    source = covered(west, 360, 90, (360, 720))
    with opened(tmp_path / 'dem.tif', source, grid, method) as file:
        found = file.read()[0]
    longitude, latitude = places(grid)
    expected = field(longitude, latitude)
    assert not np.isnan(found[latitude < 89.5]).any()
    # A pixel is 0.05 down; around the pole it reaches over many longitudes.
    inner = latitude < 85
    assert abs(found - expected)[inner].max() < 0.06


@pytest.mark.parametrize('pair', [(200, -160), (-160, 200), (359.8, 0.1)])
def test_longitudes_that_are_counted_in_two_ways(tmp_path: Path, pair) -> None:
    ours, theirs = pair
    grid = covered(ours, 0.4, 60, (100, 100))
    source = covered(theirs, 0.4, 60, (50, 50))
    with opened(tmp_path / 'sar.tif', source, grid) as file:
        assert file.overlaps
        found = file.read()[0]
    first = round(((theirs - ours) % 360) / 0.004)
    assert np.isnan(found[:, :first]).all()
    rest = np.s_[:, first + 1 : -1]
    expected = field(*places(grid))
    np.testing.assert_allclose(found[rest], expected[rest], atol=3e-4)


def test_a_raster_of_the_other_side_does_not_overlap(tmp_path: Path) -> None:
    source = covered(-0.1, 0.2, 60.05, (100, 200))
    with opened(tmp_path / 'sar.tif', source, ZONE_60) as file:
        assert not file.overlaps
        assert np.isnan(file.read()).all()


def test_classes_on_both_sides(tmp_path: Path) -> None:
    """Ids stay where the other end of a row has written them."""
    source = covered(-180, 360, 90, (360, 720))
    data = np.where(places(source)[0] > 0, 7, 3).astype('u1')
    path = tmp_path / 'label.tif'
    write_tif(path, data[None], source.crs, source.transform)
    label = open_raster(str(path))
    with ResampledRaster(label, ZONE_60, 'nearest', None, [255]) as file:
        found = file.read()[0]
    longitude = places(ZONE_60)[0]
    off = found != np.where(longitude > 0, 7, 3)
    assert not off[abs(longitude) < 179.999].any()
