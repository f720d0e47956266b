"""Heights above the ground."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from scipy.io import savemat

from multimodal_rs.data_prep.above_ground import above_ground, main

HILL = np.linspace(100, 104, 60, dtype=np.float32)[None].repeat(50, axis=0)


def town() -> tuple[np.ndarray, np.ndarray]:
    """A house of 8 x 20 pixels, 6 high, on a slope; and what stands out."""
    heights = np.zeros_like(HILL)
    heights[10:18, 20:40] = 6
    return HILL + heights, heights


def test_house_on_a_slope_stands_out() -> None:
    surface, heights = town()
    found = above_ground(surface, radius=5)
    # The slope rises by 4 / 59 a pixel, and the square is 11 wide.
    assert np.abs(found - heights).max() < 4 / 59 * 11
    assert found.min() >= 0


def test_what_is_wider_than_the_square_is_ground() -> None:
    surface, heights = town()
    assert above_ground(surface, radius=3)[heights > 0].max() < 1


def test_only_what_is_not_valid_is_unknown() -> None:
    surface, heights = town()
    surface[:, :30] = np.nan
    found = above_ground(surface, radius=5)
    assert np.isnan(found[:, :30]).all()
    assert np.abs(found - heights)[:, 30:].max() < 4 / 59 * 11


@pytest.mark.parametrize('form', ['tif', 'mat'])
def test_file_keeps_its_grid(tmp_path: Path, form: str) -> None:
    surface, _ = town()
    surface[0, 0] = -9999
    place = dict(
        crs=CRS.from_epsg(32615),
        transform=rasterio.Affine(2.5, 0, 271460, 0, -2.5, 3290290),
    )
    word = str(tmp_path / 'dsm.tif')
    if form == 'mat':
        word, place = str(tmp_path / 'dsm.mat:LiDAR'), {}
        surface[0, 0] = np.nan
        savemat(tmp_path / 'dsm.mat', dict(LiDAR=surface, other=surface[:2]))
    else:
        size = dict(count=1, height=50, width=60, dtype='float32')
        with rasterio.open(word, 'w', nodata=-9999, **size, **place) as file:
            file.write(surface[None])
    words = [word, '--to', str(tmp_path / 'ndsm'), '--radius', '5']
    assert main(words) == 0
    with rasterio.open(tmp_path / 'ndsm/dsm.tif') as file:
        found = file.read(1)
        for key, value in place.items():
            assert getattr(file, key) == value
    assert np.isnan(found[0, 0]) and np.isfinite(found.ravel()[1:]).all()
    assert 5 < found[14, 30] < 7


def test_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='square of 51'):
        above_ground(HILL, radius=25)
    with pytest.raises(ValueError, match='valid nowhere'):
        above_ground(np.full_like(HILL, np.nan), radius=5)
    path = tmp_path / 'dsm.tif'
    with rasterio.open(
        path, 'w', count=1, height=50, width=60, dtype='float32'
    ) as file:
        file.write(HILL[None])
    words = [str(path), '--to', str(tmp_path), '--radius', '5']
    before = path.read_bytes()
    with pytest.raises(ValueError, match='would be lost'):
        main(words)
    assert path.read_bytes() == before
    words[2] = str(tmp_path / 'ndsm')
    words[-1] = '40'
    with pytest.raises(ValueError, match=r'dsm\.tif: a radius of 40'):
        main(words)
