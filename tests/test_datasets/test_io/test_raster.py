import h5py
import numpy as np
import pytest
import rasterio
from PIL import Image
from scipy.io import savemat
from scipy.sparse import csc_matrix

from multimodal_rs.datasets.io.arrays import OpenedArray, array_names
from multimodal_rs.datasets.io.raster import open_raster, read_raster


def write_tif(path, data, **profile):
    bands, height, width = data.shape
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=bands,
        height=height,
        width=width,
        dtype=data.dtype,
        **profile,
    ) as file:
        file.write(data)
    return str(path)


@pytest.mark.parametrize(
    'dtype', ['uint8', 'uint16', 'int16', 'int32', 'float32', 'float64']
)
def test_any_dtype_and_only_the_bands_asked_for(tmp_path, dtype):
    data = np.arange(13 * 4 * 6).reshape(13, 4, 6).astype(dtype)
    path = write_tif(tmp_path / 'a.tif', data, nodata=7)
    raster = read_raster(path, (11, 3))
    assert raster.data.dtype == dtype
    np.testing.assert_array_equal(raster.data, data[[11, 3]])
    assert raster.nodata == 7
    with open_raster(path) as file:
        assert file.bands == 13


def test_nodata_of_a_file_beside_the_raster(tmp_path):
    path = str(tmp_path / 'a.png')
    Image.fromarray(np.full((4, 5), 9, 'uint8')).save(path)
    assert read_raster(path).nodata is None
    (tmp_path / 'a.png.aux.xml').write_text(
        '<PAMDataset><PAMRasterBand band="1"><NoDataValue>9</NoDataValue>'
        '</PAMRasterBand></PAMDataset>'
    )
    assert read_raster(path).nodata == 9


def test_window_and_conversion(tmp_path):
    data = np.arange(2 * 8 * 8).reshape(2, 8, 8).astype('uint16')
    path = write_tif(tmp_path / 'a.tif', data)
    raster = read_raster(path, (1,), window=((2, 5), (1, 8)), dtype='float32')
    assert raster.data.dtype == np.float32
    np.testing.assert_array_equal(raster.data, data[1:, 2:5, 1:8])


def test_png_jpeg_and_zip(tmp_path):
    rgb = np.random.randint(0, 255, (4, 5, 3), dtype='uint8')
    Image.fromarray(rgb).save(tmp_path / 'a.png')
    read = read_raster(str(tmp_path / 'a.png'))
    np.testing.assert_array_equal(read.data.transpose(1, 2, 0), rgb)
    Image.fromarray(rgb[..., 0]).save(tmp_path / 'b.jpg')
    assert read_raster(str(tmp_path / 'b.jpg')).data.shape == (1, 4, 5)

    import zipfile

    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        archive.write(tmp_path / 'a.png', 'inside/a.png')
    zipped = read_raster(f'/vsizip/{tmp_path}/a.zip/inside/a.png')
    np.testing.assert_array_equal(zipped.data, read.data)


def test_npy_and_mat_of_both_versions(tmp_path):
    array = np.random.rand(4, 5, 3).astype('float32')
    np.save(tmp_path / 'a.npy', array)
    savemat(tmp_path / 'a.mat', dict(cube=array, other=1))
    with h5py.File(tmp_path / 'b.mat', 'w') as file:
        file['cube'] = array.T  # MATLAB is column-major
    for name, key in (('a.npy', None), ('a.mat', 'cube'), ('b.mat', None)):
        raster = read_raster(str(tmp_path / name), (2, 0), key=key)
        np.testing.assert_array_equal(
            raster.data, array.transpose(2, 0, 1)[[2, 0]]
        )
    with pytest.raises(KeyError, match="variables .*'cube'.* not 'x'"):
        read_raster(str(tmp_path / 'a.mat'), key='x')
    np.save(tmp_path / 'flat.npy', array[..., 0])
    assert read_raster(str(tmp_path / 'flat.npy')).data.shape == (1, 4, 5)


@pytest.mark.parametrize(
    ('dtype', 'found'),
    [
        ('>f4', 'float32'),
        ('>u2', 'uint16'),
        ('f2', 'float32'),
        ('?', 'uint8'),
    ],
)
def test_arrays_have_types_that_rasters_have(tmp_path, dtype, found):
    array = np.arange(12).reshape(3, 4).astype(dtype)
    np.save(tmp_path / 'a.npy', array)
    raster = read_raster(str(tmp_path / 'a.npy'))
    assert raster.data.dtype == np.dtype(found)
    np.testing.assert_array_equal(raster.data[0], array)
    with open_raster(str(tmp_path / 'a.npy')) as file:
        assert file.dtypes == (found,)
    write_tif(tmp_path / 'a.tif', raster.data)


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize(
    ('interleave', 'axes'),
    [('bsq', (0, 1, 2)), ('bil', (1, 0, 2)), ('bip', (1, 2, 0))],
)
def test_envi(tmp_path, interleave, axes, order):
    data = np.arange(3 * 4 * 5).reshape(3, 4, 5) * 100
    stored = data.transpose(axes).astype(f'{order}i2')
    (tmp_path / 'a.dat').write_bytes(stored.tobytes())
    (tmp_path / 'a.hdr').write_text(
        'ENVI\nsamples = 5\nlines = 4\nbands = 3\nheader offset = 0\n'
        f'data type = 2\ninterleave = {interleave}\n'
        f'byte order = {int(order == ">")}\ndata ignore value = -1\n'
        'band names = {red, green, nir}\n'
    )
    with open_raster(str(tmp_path / 'a.dat')) as file:
        np.testing.assert_array_equal(file.read(), data)
        assert file.names == ('red', 'green', 'nir')
        assert file.nodata((0,)) == -1


@pytest.mark.parametrize('array', [np.empty((0, 4, 1)), np.array([[['a']]])])
def test_arrays_without_numbers(array):
    with pytest.raises(ValueError, match='expected numbers, and at least'):
        OpenedArray(array, 'an array')


def test_mask_of_an_array():
    array = np.ma.masked_less(np.arange(12).reshape(3, 4, 1), 5)
    with OpenedArray(array, 'an array') as file:
        mask = file.masked((0,))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask[0], array.mask[..., 0])


def test_sparse_matrices_are_named(tmp_path):
    savemat(tmp_path / 'a.mat', dict(gt=csc_matrix(np.eye(3))))
    with pytest.raises(ValueError, match="'gt' is a sparse matrix, expected"):
        read_raster(str(tmp_path / 'a.mat'))


def test_windows_of_matlab_files(tmp_path):
    array = np.random.rand(9, 7, 3)
    for name, matrix in (('cube', array), ('flat', array[..., 0])):
        with h5py.File(tmp_path / f'{name}.mat', 'w') as file:
            file.create_dataset(name, data=matrix.T, chunks=True)
    window = ((2, 5), (1, 7))
    cube = read_raster(str(tmp_path / 'cube.mat'), window=window).data
    np.testing.assert_array_equal(cube, array[2:5, 1:7].transpose(2, 0, 1))
    flat = read_raster(str(tmp_path / 'flat.mat'), window=window).data
    np.testing.assert_array_equal(flat, array[None, 2:5, 1:7, 0])
    with open_raster(str(tmp_path / 'cube.mat')) as file:
        assert file.bands == 3 and file.size == (9, 7)


def test_window_of_a_large_matlab_file_reads_only_that(tmp_path):
    # 16 GB on paper: nothing was ever written into it.
    path = tmp_path / 'large.mat'
    with h5py.File(path, 'w') as file:
        file.create_dataset(
            'cube', (4, 16384, 32768), 'float64', chunks=(1, 64, 64)
        )
    window = ((32760, 32768), (0, 8))
    assert read_raster(str(path), window=window).data.shape == (4, 8, 8)


def test_names_of_variables(tmp_path):
    savemat(tmp_path / 'a.mat', dict(cube=np.zeros((2, 2)), other=1))
    with h5py.File(tmp_path / 'b.mat', 'w') as file:
        file['cube'] = np.zeros((2, 2))
        file['#refs#'] = np.zeros(1)
    assert array_names(str(tmp_path / 'a.mat')) == ['cube', 'other']
    assert array_names(str(tmp_path / 'b.mat')) == ['cube']
    (tmp_path / 'c.mat').write_text('<html>not found</html>' * 30)
    with pytest.raises(ValueError, match='c.mat cannot be read'):
        array_names(str(tmp_path / 'c.mat'))


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='--check` names what is'):
        read_raster(str(tmp_path / 'none.tif'))


@pytest.mark.parametrize('name', ['a.tif', 'a.npy', 'a.png', 'a.mat'])
def test_truncated_file(tmp_path, name):
    path = tmp_path / name
    data = np.random.randint(0, 255, (3, 64, 64), dtype='uint8')
    if name.endswith('.tif'):
        write_tif(path, data)
    elif name.endswith('.png'):
        Image.fromarray(data.transpose(1, 2, 0)).save(path)
    elif name.endswith('.mat'):
        with h5py.File(path, 'w') as file:
            file['cube'] = data.T
    else:
        np.save(path, data)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=f'{name} cannot be read'):
        read_raster(str(path))


def test_band_that_does_not_exist(tmp_path):
    path = write_tif(tmp_path / 'a.tif', np.zeros((2, 4, 4), 'uint8'))
    with pytest.raises(ValueError, match=r'has 2 bands .*bands \[2\]'):
        read_raster(path, (0, 2))


def test_number_of_bands_that_a_file_must_have(tmp_path):
    data = np.zeros((12, 3, 4), 'uint16')
    path = write_tif(tmp_path / 'a.tif', data)
    assert read_raster(path, (0, 11), count=12).data.shape == (2, 3, 4)
    with pytest.raises(ValueError, match='a.tif has 12 bands, expected 13'):
        read_raster(path, (0, 11), count=13)


@pytest.mark.parametrize('name', ['slc.tif', 'slc.npy'])
def test_complex_numbers_are_refused(tmp_path, name):
    data = np.ones((1, 3, 4), 'complex64')
    path = tmp_path / name
    if name.endswith('.npy'):
        np.save(path, data[0])
    else:
        write_tif(path, data)
    for dtype in (None, 'float32'):
        with pytest.raises(ValueError, match=r'complex numbers \(complex64'):
            read_raster(str(path), dtype=dtype)


def test_nodata_of_the_bands_that_are_read(tmp_path):
    stack = tmp_path / 'stack.vrt'
    bands = []
    for i, nodata in enumerate((0, -9999)):
        source = write_tif(tmp_path / f'{i}.tif', np.ones((1, 3, 4), 'int16'))
        bands.append(
            f'<VRTRasterBand dataType="Int16" band="{i + 1}">'
            f'<NoDataValue>{nodata}</NoDataValue><SimpleSource>'
            f'<SourceFilename>{source}</SourceFilename></SimpleSource>'
            '</VRTRasterBand>'
        )
    stack.write_text(
        '<VRTDataset rasterXSize="4" rasterYSize="3">'
        + ''.join(bands)
        + '</VRTDataset>'
    )
    assert read_raster(str(stack), (1,)).nodata == -9999
    assert read_raster(str(stack), (0,)).nodata == 0
    assert read_raster(str(stack)).nodata == (0, -9999)


def test_capital_suffixes(tmp_path):
    np.save(tmp_path / 'a.npy', np.ones((3, 4)))
    (tmp_path / 'a.npy').rename(tmp_path / 'a.NPY')
    assert read_raster(str(tmp_path / 'a.NPY')).data.shape == (1, 3, 4)
    path = tmp_path / 'a.PNG'
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), 'uint8')
    Image.fromarray(noise).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(16))  # some programs write more
    np.testing.assert_array_equal(read_raster(str(path)).data[0], noise)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match='the end of the PNG is missing'):
        read_raster(str(path))


@pytest.mark.parametrize('size', [0, 100, 200])
def test_damaged_matlab_files_of_the_old_version(tmp_path, size):
    path = tmp_path / 'a.mat'
    savemat(path, dict(x=np.arange(600.0).reshape(20, 30)))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match='a.mat cannot be read'):
        read_raster(str(path))
    if size < 128:  # the header is longer
        with pytest.raises(ValueError, match='a.mat cannot be read'):
            array_names(str(path))


def test_matlab_groups_are_no_variables(tmp_path):
    path = str(tmp_path / 'a.mat')
    with h5py.File(path, 'w', userblock_size=512) as file:
        file['x'] = np.arange(6.0).reshape(2, 3)
        file.create_group('#subsystem#')
        file.create_group('settings')
    assert array_names(path) == ['x']
    assert read_raster(path).data.shape == (1, 3, 2)


def test_a_file_that_stays_open(tmp_path):
    data = np.arange(3 * 8 * 10).reshape(3, 8, 10).astype('uint16')
    place = rasterio.Affine(10, 0, 5e5, 0, -10, 6e6)
    path = write_tif(
        tmp_path / 'a.tif', data, nodata=7, crs='EPSG:32632', transform=place
    )
    with open_raster(path) as file:
        assert (file.bands, file.size) == (3, (8, 10))
        assert file.grid.transform == place and file.grid.crs == 'EPSG:32632'
        assert file.nodata((0, 2)) == 7 and not file.closed
        for row in range(4):
            window = ((row, row + 2), (1, 9))
            part = file.read((2,), window, dtype='float32')
            np.testing.assert_array_equal(part, data[2:, row : row + 2, 1:9])
    assert file.closed


@pytest.mark.parametrize('name', ['a.npy', 'a.mat', 'b.mat'])
def test_arrays_are_opened_like_files(tmp_path, name):
    array = np.arange(9 * 7 * 3).reshape(9, 7, 3).astype('int16')
    path = tmp_path / name
    if name == 'a.npy':
        np.save(path, array)
    elif name == 'a.mat':
        savemat(path, dict(cube=array))
    else:
        with h5py.File(path, 'w') as file:
            file['cube'] = array.T
    with open_raster(str(path)) as file:
        assert (file.bands, file.size) == (3, (9, 7))
        assert file.dtypes == ('int16',) * 3 and file.nodata((0, 1)) is None
        assert not file.grid.placed and file.grid.crs is None
        window = ((1, 5), (2, 6))
        part = file.read((1, 0), window, dtype='float32')
        expected = array[1:5, 2:6, [1, 0]].transpose(2, 0, 1)
        np.testing.assert_array_equal(part, expected)
        with pytest.raises(ValueError, match=r'bands \[3\] were asked for'):
            file.read((3,))
    assert file.closed


@pytest.mark.parametrize('suffix', ['tif', 'npy', 'mat'])
@pytest.mark.parametrize('shape', [(40, 100), (20, 50), (7, 33), (1, 1)])
def test_reduced_rasters(tmp_path, suffix, shape):
    """Every n-th pixel: the values of a ramp tell where they come from."""
    ramp = np.add.outer(1000 * np.arange(40), np.arange(100)).astype('int32')
    path = tmp_path / f'a.{suffix}'
    if suffix == 'tif':
        write_tif(path, ramp[None])
    elif suffix == 'npy':
        np.save(path, ramp)
    else:
        with h5py.File(path, 'w') as file:
            file['ramp'] = ramp.T
    with open_raster(str(path)) as file:
        reduced = file.read(out_shape=shape)
    assert reduced.shape == (1, *shape)
    for values, count, axis in zip(
        (reduced[0, :, 0] // 1000, reduced[0, 0] % 1000),
        shape,
        ramp.shape,
        strict=True,
    ):
        places = np.arange(count) * axis / count
        assert abs(values - places).max() <= axis / count
