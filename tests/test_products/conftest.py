"""Maps of any grid, and what is true there."""

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

NAMES = ('water', 'forest & scrub', 'crops', 'built')
COLOURS = ((0, 0, 255), (0, 120, 0), (240, 200, 0), (200, 30, 30))
UTM = dict(crs=CRS.from_epsg(32632), transform=Affine(10, 0, 5e5, 0, -10, 6e6))


@pytest.fixture
def write_map(tmp_path):
    """Write a map of classes; ``names=()`` leaves out names and colours.

    Signed numbers become uint8, unless a type is named.
    """

    def write(
        ids, name='map.tif', names=NAMES, nodata=255, dtype=None, **grid
    ):
        path = tmp_path / name
        ids = np.asarray(ids, dtype)
        if dtype is None and ids.dtype.kind == 'i':
            ids = ids.astype('uint8')
        with rasterio.open(
            path,
            'w',
            driver='GTiff',
            count=1,
            dtype=ids.dtype,
            height=ids.shape[0],
            width=ids.shape[1],
            nodata=nodata,
            **(UTM | grid),
        ) as file:
            file.write(ids, 1)
            file.update_tags(
                1, **{f'CLASS_{i}': text for i, text in enumerate(names)}
            )
            if names:
                file.write_colormap(
                    1, {i: (*c, 255) for i, c in enumerate(COLOURS)}
                )
        return path

    return write


@pytest.fixture
def pair():
    """Truth and map, (300, 200), 255 where there is none."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (30, 20)).repeat(10, 0).repeat(10, 1)
    mapped = np.where(rng.random(truth.shape) < 0.2, 1, truth)
    truth[:20] = 255
    mapped[:, :7] = 255
    return truth, mapped
