"""TIFFs of several pages: each has a name, and is looked through."""

import re

import numpy as np
import pytest
import rasterio

from multimodal_rs.datasets.io.raster import open_raster, read_raster
from multimodal_rs.datasets.io.stacked import StackedRaster
from multimodal_rs.utils.damage import DamagedFileError


@pytest.fixture
def data():
    return np.random.default_rng(0).integers(1, 3000, (12, 40, 50), 'uint16')


def write_pages(path, pages, **options):
    for i, page in enumerate(pages):
        profile = dict(
            count=len(page),
            height=page.shape[1],
            width=page.shape[2],
            dtype=page.dtype,
            blockysize=8,
        )
        more = dict(APPEND_SUBDATASET='YES') if i else {}
        with rasterio.open(
            path, 'w', 'GTiff', **profile, **options, **more
        ) as file:
            file.write(page)
    return str(path)


@pytest.mark.parametrize('options', [{}, dict(bigtiff='YES', nodata=7)])
def test_each_has_a_name(tmp_path, data, options):
    path = write_pages(tmp_path / 'a.tif', data[:, None], **options)
    names = [f'GTIFF_DIR:{i}:{path}' for i in range(1, 13)]
    expected = re.escape('12 rasters (pages of a TIFF, variables): expected')
    with pytest.raises(ValueError, match=expected) as error:
        open_raster(path)
    assert ', '.join(names[:4]) + ', ...' in str(error.value)
    assert f'`rio convert {names[-1]} NEW.tif`' in str(error.value)
    for name, page in zip(names, data, strict=True):
        found = read_raster(name, window=((3, 20), (10, 50)))
        np.testing.assert_array_equal(found.data[0], page[3:20, 10:])
        assert found.nodata == options.get('nodata')


def test_all_pages_are_the_bands_of_a_stack(tmp_path, data):
    path = write_pages(tmp_path / 'a.tif', data[:, None])
    pages = [open_raster(f'GTIFF_DIR:{i}:{path}') for i in range(1, 13)]
    with StackedRaster(pages) as file:
        assert (file.bands, file.size) == (12, (40, 50))
        assert list(file.file_names) == [path]
        window = file.read([10, 1, 1], ((3, 20), (10, 50)), dtype='float32')
    np.testing.assert_array_equal(window, data[[10, 1, 1], 3:20, 10:])


def test_masks_and_pyramids_are_no_pages(tmp_path, data):
    path = tmp_path / 'a.tif'
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        write_pages(path, [data[:2]])
        with rasterio.open(path, 'r+') as file:
            file.write_mask(data[0] > 100)
            file.build_overviews([2, 4])
    with open_raster(str(path)) as file:
        assert file.bands == 2 and file.masked((0,)) is not None


def test_every_page_is_looked_through(tmp_path, data):
    path = tmp_path / 'a.tif'
    write_pages(path, data[:, None])
    whole = path.read_bytes()
    with rasterio.open('GTIFF_DIR:3:' + str(path)) as file:
        assert (file.read(1) == data[2]).all()
    path.write_bytes(whole[:-100])
    with pytest.raises(DamagedFileError, match=r'a\.tif'):
        open_raster(f'GTIFF_DIR:1:{path}')
    empty = np.zeros_like(data[:1])
    pages = [data[:1], empty, data[:1]]
    write_pages(path, pages, sparse_ok=True)
    with pytest.raises(DamagedFileError, match='page 2: 5 of 5 blocks'):
        open_raster(str(path))
