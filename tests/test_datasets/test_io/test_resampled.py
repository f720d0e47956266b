"""A raster on another grid that is turned: values between and at pixels."""

from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS
from scipy.ndimage import map_coordinates

from fake_data.files import write_tif
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.io.resampled import ResampledRaster

UTM = CRS.from_epsg(32632)
PLACE = Affine(10, 0, 5e5, 0, -10, 6e6)
SIZE = 70, 300  # more than a block


def joined(*steps: Affine) -> Affine:
    """One after another, the last one first."""
    whole = np.eye(3)
    for step in steps:
        whole = whole @ np.reshape(step, (3, 3))
    return Affine(*whole.ravel()[:6])


def noise(size: tuple[int, int] = SIZE) -> np.ndarray:
    data = np.random.default_rng(0).normal(size=(2, *size)).astype('f4')
    data[:, 20:30, 40:43] = np.nan
    return data


def moved(path: Path, grid: Grid, method: str) -> np.ndarray:
    source = open_raster(str(path))
    with ResampledRaster(source, grid, method, lambda data, *_: data) as file:
        return file.read()


@pytest.mark.parametrize('method', ['bilinear', 'average', 'nearest'])
@pytest.mark.parametrize('quarters', [1, 2, 3])
@pytest.mark.parametrize('mirrored', [False, True])
def test_the_same_pixels_in_another_order(
    tmp_path: Path, method: str, quarters: int, mirrored: bool
) -> None:
    """Turned by quarters, mirrored and shifted: nothing is interpolated."""
    data = noise()
    place = PLACE
    stored = data
    for _ in range(quarters):
        # The first column of the turned raster was the first row.
        width = stored.shape[2]
        stored = np.rot90(stored, axes=(1, 2))
        place = joined(place, Affine(0, -1, width, 1, 0, 0))
    if mirrored:
        place = joined(place, Affine(-1, 0, stored.shape[2], 0, 1, 0))
        stored = stored[:, :, ::-1]
    path = tmp_path / 'turned.tif'
    write_tif(path, stored, UTM, place)
    part = Grid((60, 280), UTM, joined(PLACE, Affine.translation(7, 4)))
    found = moved(path, part, method)
    np.testing.assert_array_equal(found, data[:, 4:64, 7:287])


@pytest.mark.parametrize('degrees', [30, 90, 200])
def test_between_the_pixels_of_a_turned_raster(
    tmp_path: Path, degrees: int
) -> None:
    """As scipy interpolates, in every block and not blurred."""
    size = 400, 400
    data = np.random.default_rng(0).normal(size=(1, *size)).astype('f4')
    place = joined(
        Affine.translation(5e5 + 1503, 6e6 - 354),
        Affine.rotation(degrees),
        Affine(10, 0, -2000, 0, -12, 2400),
    )
    path = tmp_path / 'turned.tif'
    write_tif(path, data, UTM, place)
    found = moved(path, Grid(SIZE, UTM, PLACE), 'bilinear')
    rows, columns = np.indices(SIZE) + 0.5
    there = joined(~place, PLACE)
    across = there.a * columns + there.b * rows + there.c
    down = there.d * columns + there.e * rows + there.f
    expected = map_coordinates(data[0], [down - 0.5, across - 0.5], order=1)
    np.testing.assert_allclose(found[0], expected, atol=2e-3)


def test_a_system_that_cannot_be_converted(tmp_path: Path) -> None:
    path = tmp_path / 'moon.tif'
    moon = CRS.from_user_input('ESRI:104903')
    write_tif(path, noise(), moon, PLACE)
    with pytest.raises(ValueError, match=r'moon.tif: .*cannot be converted'):
        moved(path, Grid(SIZE, UTM, PLACE), 'nearest')


def test_a_grid_that_reaches_beyond_the_pole(tmp_path: Path) -> None:
    """Of a model of the atmosphere: the pole is the middle of a pixel."""
    path = tmp_path / 'opt.tif'
    write_tif(path, noise(), UTM, Affine(1000, 0, 5e5, 0, -1000, 6e6))
    cells = Affine(0.25, 0, 4.875, 0, -0.25, 90.125)
    found = moved(path, Grid((160, 60), CRS.from_epsg(4326), cells), 'average')
    rows, _ = np.nonzero(np.isfinite(found[0]))
    assert (rows.min(), rows.max()) == (143, 146)
