"""Files that are damaged, or made to deceive: an error with their name."""

import os
import random
import resource
import struct
import zlib

import h5py
import numpy as np
import pytest
import rasterio
from PIL import Image
from scipy.io import savemat

from multimodal_rs.datasets.io.raster import (
    check_written,
    open_raster,
    read_raster,
)
from multimodal_rs.datasets.io.split_list import read_split_list
from multimodal_rs.datasets.label import Label
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.datasets.reading import ContradictionError, read_layer
from multimodal_rs.utils.damage import DamagedFileError

SIZE = 48
# Rows of random numbers above flat ones: both kinds of deflate's blocks.
PICTURE = np.concatenate(
    [
        np.random.default_rng(0).integers(1, 255, (24, SIZE, 3), 'uint8'),
        np.full((24, SIZE, 3), 7, 'uint8'),
    ]
)
SAMPLES = ['a.png', 'deflate.tif', 'plain.tif', 'a.npy', 'old.mat', 'new.mat']
SAMPLES += ['a.jpg', 'list.txt']
CHECKED = ('a.png',)  # formats with a checksum of every byte of the pixels


def write_tif(path, data, **options):
    bands, height, width = data.shape
    profile = dict(count=bands, height=height, width=width, dtype=data.dtype)
    with rasterio.open(path, 'w', 'GTiff', **profile, **options) as file:
        file.write(data)
    return str(path)


def write_sample(folder, name):
    """Write a whole file of a kind and get its path."""
    path = folder / name
    if name.endswith(('.png', '.jpg')):
        Image.fromarray(PICTURE).save(path)
    elif name.endswith('.tif'):
        options = dict(compress='deflate') if name == 'deflate.tif' else {}
        write_tif(path, PICTURE.transpose(2, 0, 1), blockysize=8, **options)
    elif name == 'a.npy':
        np.save(path, PICTURE)
    elif name == 'old.mat':
        savemat(path, dict(x=PICTURE), do_compression=True)
    elif name == 'new.mat':
        with h5py.File(path, 'w', userblock_size=512) as file:
            file.create_dataset('x', data=PICTURE.T, compression='gzip')
    else:
        path.write_text('one\ntwo\n')
    return path


def mutated(data, rng):
    """Flip, insert, lose or zero bytes, or cut the end off."""
    start = rng.randrange(len(data))
    count = rng.choice([1, 1, 4, 64])
    kind = rng.randrange(6)
    if kind == 0:
        return data[:start]
    if kind == 1:
        return data[:start] + data[start + count :]
    if kind == 2:
        return data[:start] + rng.randbytes(count) + data[start:]
    if kind == 3:
        return data[:start] + bytes(count) + data[start + count :]
    if kind == 4:  # a claim: a large number somewhere in the header
        start = rng.randrange(min(len(data), 300))
        return data[:start] + b'\xff\xff\xff\x7f' + data[start + 4 :]
    flipped = data[start] ^ (1 << rng.randrange(8))
    return data[:start] + bytes([flipped]) + data[start + 1 :]


def try_mutations(folder, name, count):
    """Read mutated files.

    Returns:
        How many were refused, were read unchanged, and were read otherwise.
    """
    path = write_sample(folder, name)
    whole = path.read_bytes()

    def read():
        if name == 'list.txt':
            return np.array(read_split_list(path))
        return read_raster(str(path)).data

    expected = read()
    refused = same = other = 0
    rng = random.Random(name)
    for _ in range(count):
        # Never over a file that numpy has mapped: its pages would be gone.
        path.unlink()
        path.write_bytes(mutated(whole, rng))
        try:
            found = read()
        except (ValueError, KeyError) as error:
            assert name in str(error), f'{error!r} does not name the file'
            refused += 1
            continue
        equal = found.shape == expected.shape and (found == expected).all()
        same += bool(equal)
        other += not equal
    return refused, same, other


def peak_memory():
    """Get the most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize(
    'count', [60, pytest.param(2000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize('name', SAMPLES)
def test_mutated_files_are_refused_by_name_or_read(tmp_path, name, count):
    before = peak_memory()
    refused, same, other = try_mutations(tmp_path, name, count)
    print(
        f'{name}: {count} mutated: {refused} refused, {same} the same, ',
        end='',
    )
    print(f'{other} other numbers, {peak_memory() - before:.0f} MiB more')
    assert refused + same + other == count
    assert not (name in CHECKED and other)
    assert peak_memory() - before < 600


def test_a_flipped_byte_of_a_png_is_never_read(tmp_path):
    path = write_sample(tmp_path, 'a.png')
    whole = path.read_bytes()
    for place in random.Random(0).sample(range(len(whole)), 300):
        flipped = bytes([whole[place] ^ 255])
        path.write_bytes(whole[:place] + flipped + whole[place + 1 :])
        with pytest.raises(DamagedFileError, match='a.png'):
            read_raster(str(path))


def chunk(kind, data):
    checksum = struct.pack('>I', zlib.crc32(kind + data))
    return struct.pack('>I', len(data)) + kind + data + checksum


def test_a_png_that_claims_a_million_rows(tmp_path):
    path = tmp_path / 'a.png'
    header = struct.pack('>IIBBBBB', 10**6, 10**6, 8, 2, 0, 0, 0)
    parts = [(b'IHDR', header), (b'IDAT', zlib.compress(b'0')), (b'IEND', b'')]
    data = b''.join(chunk(kind, data) for kind, data in parts)
    path.write_bytes(b'\x89PNG\r\n\x1a\n' + data)
    before = peak_memory()
    with pytest.raises(DamagedFileError, match='a.png .* claims 1000000 rows'):
        read_raster(str(path))
    assert peak_memory() - before < 50


@pytest.mark.parametrize('tiled', [True, False])
def test_blocks_that_were_never_written(tmp_path, tiled):
    data = np.zeros((2, 64, 64), 'uint8')
    data[1, :16] = 9
    options = dict(blockxsize=16, blockysize=16) if tiled else {}
    options |= dict(interleave='band', sparse_ok=True, tiled=tiled)
    path = tmp_path / 'a.tif'
    with rasterio.open(
        *(path, 'w', 'GTiff'),
        **dict(count=2, height=64, width=64, dtype='uint8', **options),
    ) as file:
        file.write(data[:, :16], window=((0, 16), (0, 64)))
    total = '28 of 32' if tiled else 'were never written'
    with pytest.raises(DamagedFileError, match=f'a.tif .*{total}.* row 0 and'):
        open_raster(str(path))
    with rasterio.open(path, 'r+') as file:
        file.nodata = 0
    with open_raster(str(path)) as file:
        assert 'never written' in file.missing
        np.testing.assert_array_equal(file.read(), data)
    declared = dict(bands=[1], suffix='.tif')
    trusting = build_modalities(dict(x=declared))['x']
    assert read_layer(str(path), trusting).reading.nodata == 0
    other = build_modalities(dict(x=dict(declared, nodata=None)))['x']
    with pytest.raises(ContradictionError, match='a.tif: .*never written'):
        read_layer(str(path), other)
    with pytest.raises(ValueError, match='a.tif: .*which is a class'):
        Label(band=0).read(str(path))
    Label(band=0, ids={9: 0}).read(str(path))


def test_blocks_beyond_the_end_are_found_when_it_is_opened(tmp_path):
    path = tmp_path / 'a.tif'
    write_tif(path, PICTURE.transpose(2, 0, 1), blockysize=8)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedFileError, match='a.tif.* beyond its end'):
        open_raster(str(path))


@pytest.mark.parametrize('big', ['YES', 'NO'])
def test_a_tiff_that_ends_in_its_directory_is_cut_off(tmp_path, big):
    path = tmp_path / 'a.tif'
    write_tif(path, PICTURE.transpose(2, 0, 1), blockysize=4, BIGTIFF=big)
    content = path.read_bytes()
    for size in (5, 8, 9, 12, 20, 60, 120, 200):
        path.write_bytes(content[:size])
        said = f'a.tif cannot be read: it is cut off: it ends at byte {size},'
        with pytest.raises(DamagedFileError, match=said):
            open_raster(str(path))


def test_big_tiffs_have_their_blocks_too(tmp_path):
    data = PICTURE.transpose(2, 0, 1)
    for endianness in ('LITTLE', 'BIG'):
        path = write_tif(
            tmp_path / f'{endianness}.tif',
            data,
            **dict(bigtiff='YES', endianness=endianness, blockysize=8),
        )
        np.testing.assert_array_equal(read_raster(path).data, data)


@pytest.mark.parametrize('ending', ['tif', 'png', 'vrt'])
def test_documents_that_name_other_files(tmp_path, ending):
    secret = write_sample(tmp_path, 'a.jpg')
    path = tmp_path / f'x.{ending}'
    path.write_text(
        f'<VRTDataset rasterXSize="{SIZE}" rasterYSize="{SIZE}">'
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f'<SourceFilename>{secret}</SourceFilename><SourceBand>1'
        '</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    if ending == 'vrt':  # the user names it so
        assert read_raster(str(path)).data.shape == (1, SIZE, SIZE)
        return
    with pytest.raises(DamagedFileError, match='must be named so'):
        read_raster(str(path))


def test_matlab_files_that_lie_in_other_files(tmp_path):
    other = tmp_path / 'other.bin'
    other.write_bytes(bytes(64))
    path = str(tmp_path / 'a.mat')
    with h5py.File(path, 'w') as file:
        file.create_dataset(
            'x', (8, 8), 'uint8', external=[(str(other), 0, 64)]
        )
    with pytest.raises(DamagedFileError, match="a.mat .*'/x' lies in other"):
        read_raster(path)
    with h5py.File(tmp_path / 'b.mat', 'w') as file:
        file['y'] = h5py.ExternalLink(path, '/x')
    with pytest.raises(DamagedFileError, match=r"b.mat .*\['y'\] are links"):
        read_raster(str(tmp_path / 'b.mat'))


def test_matlab_variables_that_are_no_numbers(tmp_path):
    path = str(tmp_path / 'a.mat')
    savemat(path, dict(x=np.array(['a', 1], object), y=dict(z=1), t='text'))
    for key in 'xyt':
        with pytest.raises(DamagedFileError, match='a.mat .*no numbers'):
            read_raster(path, key=key)


def test_absurd_numbers_are_invalid_and_counted(tmp_path):
    from multimodal_rs.datasets.pixels import count_absurd

    data = np.full((2, 4, 4), 5, 'float32')
    data[0, 0, 0], data[1, 2, 2], data[1, 3, 3] = -3.4e38, 1e38, np.nan
    modality = build_modalities(dict(x=dict(bands=[0, 1])))['x']
    out = np.empty_like(data)
    modality.prepare(data, out=out)
    assert np.isnan(out).sum(axis=(1, 2)).tolist() == [3, 3]
    assert count_absurd(data, None) == 2
    assert count_absurd(data, float(np.float32(1e38))) == 1
    assert count_absurd(data[:, 1], None) == 0


@pytest.mark.parametrize('settled', [True, False])
def test_a_file_that_changes_later_is_looked_at_again(tmp_path, settled):
    path = write_sample(tmp_path, 'a.png')
    whole = path.read_bytes()

    def write(content, seconds):
        path.write_bytes(content)
        if settled:  # long ago, and not at the same time
            os.utime(path, (seconds, seconds))

    write(whole, 1000)
    for _ in range(2):
        open_raster(str(path)).close()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    write(bytes(changed), 2000)
    for _ in range(2):
        with pytest.raises(DamagedFileError, match='checksum'):
            open_raster(str(path))
    write(whole, 3000)
    open_raster(str(path)).close()


def test_a_map_that_the_disk_cut_off_is_noticed(tmp_path):
    path = tmp_path / 'map.tif'
    profile = dict(tiled=True, blockxsize=256, blockysize=256)
    noise = np.random.default_rng(0).integers(0, 255, (1, 600, 600), 'uint8')
    write_tif(path, noise, compress='deflate', **profile)
    check_written(path)
    for size in (path.stat().st_size - 200, 1000):
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(OSError, match='is the disk full'):
            check_written(path)
