"""Files that end too early, of formats in which GDAL reads zeros then."""

import shutil

import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil
from scipy.io import netcdf_file

from multimodal_rs.datasets.io.raster import open_raster, read_raster
from multimodal_rs.utils.damage import DamagedFileError

KINDS = dict(dat='ENVI', bil='EHdr', ppm='PNM', jp2='JP2OpenJPEG')


def write(path, driver, data, **options):
    bands, height, width = data.shape
    profile = dict(count=bands, height=height, width=width, dtype=data.dtype)
    with rasterio.open(path, 'w', driver, **profile, **options) as file:
        file.write(data)


def write_netcdf(path, data):
    with netcdf_file(path, 'w') as file:
        for name, size in zip('yx', data.shape, strict=True):
            file.createDimension(name, size)
        file.createVariable('band', data.dtype, ('y', 'x'))[:] = data
        file.createVariable('other', data.dtype, ('y', 'x'))[:] = data + 1


@pytest.fixture
def data():
    return np.random.default_rng(0).integers(1, 255, (3, 40, 50), np.uint8)


@pytest.mark.parametrize('ending', KINDS)
def test_cut_off(tmp_path, data, ending):
    """Nothing is read as zeros; what cannot be read is named."""
    source, path = tmp_path / 'source.tif', tmp_path / f'a.{ending}'
    write(source, 'GTiff', data)
    options = dict(QUALITY=100, REVERSIBLE='YES') if ending == 'jp2' else {}
    rasterio.shutil.copy(source, path, driver=KINDS[ending], **options)
    np.testing.assert_array_equal(read_raster(str(path)).data, data)
    whole = path.read_bytes()
    for share in (0.99, 0.7, 0.3):
        path.write_bytes(whole[: int(share * len(whole))])
        try:
            found = read_raster(str(path)).data
        except DamagedFileError as error:
            assert path.name in str(error)
        else:  # what is missing was no pixel
            np.testing.assert_array_equal(found, data)


def test_envi_with_the_header_of_another_image(tmp_path, data):
    write(tmp_path / 'a.dat', 'ENVI', data.astype(np.int16))
    write(tmp_path / 'b.dat', 'ENVI', data)
    shutil.copy(tmp_path / 'b.hdr', tmp_path / 'a.hdr')
    with pytest.raises(DamagedFileError, match='6000 bytes, it has 12000'):
        open_raster(str(tmp_path / 'a.dat'))


def test_envi_whose_pixels_begin_later(tmp_path, data):
    path, header = tmp_path / 'a.dat', tmp_path / 'a.hdr'
    write(path, 'ENVI', data)
    path.write_bytes(bytes(64) + path.read_bytes())
    with pytest.raises(DamagedFileError, match=r'a header \(.hdr\)'):
        open_raster(str(path))
    text = header.read_text().replace('offset = 0', 'offset = 64')
    header.write_text(text)
    np.testing.assert_array_equal(read_raster(str(path)).data, data)


def test_variables_of_netcdf(tmp_path):
    path = tmp_path / 'a.nc'
    data = np.arange(1, 13, dtype=np.int16).reshape(3, 4)
    write_netcdf(path, data)
    with pytest.raises(ValueError, match='holds 2 rasters.*Name the one'):
        open_raster(str(path))
    for name, more in (('band', 0), ('other', 1)):
        for text in (f'NETCDF:{path}:{name}', f'netcdf:"{path}":{name}'):
            found = read_raster(text).data[0]
            # Without coordinates GDAL takes the last row for the first.
            assert sorted(found.ravel()) == sorted((data + more).ravel())
    with pytest.raises(FileNotFoundError, match='b.nc:band does not exist'):
        open_raster(f'NETCDF:{tmp_path}/b.nc:band')
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(DamagedFileError, match='a.nc.* ends before its var'):
        open_raster(f'NETCDF:{path}:band')


def test_arrays_of_hdf5(tmp_path, data):
    path = tmp_path / 'a.h5'
    with h5py.File(path, 'w') as file:
        file['grid/image'], file['mask'] = data, data[0]
    with pytest.raises(ValueError, match='holds 2 rasters'):
        open_raster(str(path))
    found = read_raster(f'HDF5:"{path}"://grid/image').data
    np.testing.assert_array_equal(found, data)


def test_a_folder_is_no_raster(tmp_path):
    (tmp_path / 'a.zarr').mkdir()
    with pytest.raises(DamagedFileError, match='is a folder.*rio convert'):
        open_raster(str(tmp_path / 'a.zarr'))
