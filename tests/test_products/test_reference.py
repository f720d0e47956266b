"""A reference says the same on the grid of the map and on another one."""

import json

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.products.__main__ import main
from multimodal_rs.products.accuracy import write_map_accuracy
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.reference import ReferenceRaster

UTM = dict(crs=CRS.from_epsg(32632), transform=Affine(10, 0, 5e5, 0, -10, 6e6))
FRAME = 5  # pixels around the map, on the other grid
FRAMED = Affine(10, 0, 5e5 - 50, 0, -10, 6e6 + 50)


@pytest.fixture
def ground():
    """Classes (H, W), and where they are not known."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, (40, 30))
    return ids, rng.random(ids.shape) < 0.4


def write_reference(path, values, empty, kind, moved):
    """Write values, and where they are empty: by nodata, a mask or alpha."""
    transform = UTM['transform']
    if moved:  # larger, and everything in the frame is empty
        transform = FRAMED
        values = np.pad(values, FRAME, mode='edge')
        empty = np.pad(empty, FRAME, constant_values=True)
    bands = [values]
    if kind == 'alpha':
        bands.append(np.where(empty, 0, 255).astype(values.dtype))
    elif kind != 'mask':
        bands = [np.where(empty, kind, values).astype(values.dtype)]
    numbers = not isinstance(kind, str) and kind == kind
    grid = UTM | dict(transform=transform)
    shape = dict(height=values.shape[0], width=values.shape[1])
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path,
            'w',
            driver='GTiff',
            count=len(bands),
            dtype=values.dtype,
            nodata=kind if numbers else None,
            alpha='YES' if kind == 'alpha' else 'NO',
            **(grid | shape),
        ) as file,
    ):
        file.write(np.stack(bands))
        if kind == 'mask':
            file.write_mask(~empty)
    return path


def compared(folder):
    content = json.loads((folder / 'land_cover.json').read_text())
    return np.array(content['confusion_matrix']['pixels'])


@pytest.mark.parametrize('moved', [False, True], ids=['same', 'other'])
@pytest.mark.parametrize(
    ('kind', 'dtype'),
    [
        (0, 'uint8'),
        (9, 'uint8'),
        (-9999, 'int16'),
        (2**32 - 1, 'uint32'),
        (-9999, 'int64'),
        ('mask', 'uint8'),
        ('alpha', 'uint16'),
        (np.nan, 'float32'),
    ],
)
def test_what_is_empty_does_not_count(
    write_map, tmp_path, ground, moved, kind, dtype
):
    ids, empty = ground
    mapped = np.roll(ids, 1, axis=0)
    if kind == 0:
        empty = ids == 0
    path = tmp_path / 'ref.tif'
    write_reference(path, ids.astype(dtype), empty, kind, moved)
    with ClassMap(write_map(mapped)) as land:
        text = write_map_accuracy(tmp_path / 'a', land, path)
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (ids[~empty], mapped[~empty]), 1)
    np.testing.assert_array_equal(compared(tmp_path / 'a'), expected)
    wrong = np.where(empty, 255, ids != mapped)
    with rasterio.open(tmp_path / 'a' / 'errors.tif') as file:
        np.testing.assert_array_equal(file.read(1), wrong)
    said = '0 is nodata in the reference and does not count' in text
    assert said == (kind == 0)


@pytest.mark.parametrize('moved', [False, True], ids=['same', 'other'])
def test_nodata_that_is_named_is_a_class(write_map, tmp_path, ground, moved):
    ids, _ = ground
    path, nowhere = tmp_path / 'ref.tif', np.zeros(ids.shape, bool)
    write_reference(path, ids.astype('uint8'), nowhere, 0, moved)
    with ClassMap(write_map(ids)) as land:
        same = {n: n for n in range(4)}
        write_map_accuracy(tmp_path / 'a', land, path, same)
    expected = np.diag(np.bincount(ids.ravel()))
    np.testing.assert_array_equal(compared(tmp_path / 'a'), expected)


@pytest.mark.parametrize('moved', [False, True], ids=['same', 'other'])
@pytest.mark.parametrize('nodata', [None, 255])
def test_255_that_is_named_is_a_class(
    write_map, tmp_path, ground, moved, nodata
):
    """As the masks of OMBRIA have it; their previews show it, too."""
    flooded = ground[1]
    mapped = np.roll(flooded, 1, axis=0).astype('uint8')
    path, values = tmp_path / 'ref.tif', np.where(flooded, 255, 0)
    nowhere = np.zeros(values.shape, bool)
    kind = 'mask' if nodata is None else nodata
    write_reference(path, values.astype('uint8'), nowhere, kind, moved)
    ids = {0: 0, 255: 1}
    with ClassMap(write_map(mapped)) as land, ReferenceRaster(path) as raster:
        write_map_accuracy(tmp_path / 'a', land, path, ids)
        picture = raster.reduced(land.grid, ids, mapped.shape)
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (flooded.astype(int), mapped), 1)
    np.testing.assert_array_equal(compared(tmp_path / 'a'), expected)
    np.testing.assert_array_equal(picture, flooded)


def test_a_negative_number_that_no_nodata_names(write_map, tmp_path, ground):
    """As the labels of Sen1Floods11 have them."""
    ids, empty = ground
    truth = np.where(empty, -1, ids)
    mapped, path = write_map(ids), write_map(truth, 'r.tif', (), None, 'int16')
    words = ['--reference', str(path), '--accuracy', str(tmp_path / 'a')]
    words += ['--reference-ids', '0=0', '-1=255', '1=1', '2=2', '3=3']
    main([str(mapped), *words])
    expected = np.diag(np.bincount(ids[~empty]))
    np.testing.assert_array_equal(compared(tmp_path / 'a'), expected)


def test_numbers_are_refused_as_they_are_in_the_file(
    write_map, tmp_path, ground
):
    """Also on another grid; those outside of the map do not matter."""
    ids, _ = ground
    values, path = ids.astype('uint32'), tmp_path / 'ref.tif'
    nowhere = np.zeros(ids.shape, bool)
    values[7, 8] = 2**32 - 1
    write_reference(path, values, nowhere, 'mask', True)
    with ClassMap(write_map(ids)) as land:
        with pytest.raises(ValueError, match=r'numbers \[4294967295\] are'):
            write_map_accuracy(tmp_path / 'a', land, path)
    assert not (tmp_path / 'a' / 'land_cover.json').exists()
    values[7, 8] = 0
    wide = np.pad(values, FRAME, constant_values=77)
    path = write_map(wide, 'wide.tif', (), None, 'uint8', transform=FRAMED)
    with ClassMap(write_map(ids)) as land, ReferenceRaster(path) as raster:
        strips = list(raster.strips(land.grid, {n: n for n in range(4)}))
    np.testing.assert_array_equal(np.concatenate(strips), values)


@pytest.mark.parametrize(
    ('bands', 'dtype', 'said'),
    [(3, 'uint8', 'got 3 of uint8'), (1, 'complex64', 'got 1 of complex64')],
)
def test_other_rasters_are_no_reference(tmp_path, bands, dtype, said):
    path = tmp_path / 'ref.tif'
    shape = dict(count=bands, height=4, width=5, dtype=dtype)
    with rasterio.open(path, 'w', driver='GTiff', **shape, **UTM) as file:
        file.write(np.ones((bands, 4, 5), dtype))
    with pytest.raises(ValueError, match=f'ref.tif: .*{said}: take the band'):
        ReferenceRaster(path)


@pytest.mark.parametrize('shape', [(700, 40), (350, 20), (9, 7), (1, 1)])
def test_a_picture_has_the_middle_pixels(tmp_path, shape):
    """Also where a strip of the file ends."""
    ids = np.random.default_rng(0).integers(0, 4, (700, 40), np.uint8)
    path = tmp_path / 'truth.tif'
    with rasterio.open(
        path, 'w', driver='GTiff', count=1, height=700, width=40, dtype='uint8'
    ) as file:
        file.write(ids, 1)
    rows, columns = (
        (np.arange(n) * 2 + 1) * size // (2 * n)
        for n, size in zip(shape, ids.shape, strict=True)
    )
    with ReferenceRaster(path) as raster:
        found = raster.reduced(
            Grid(ids.shape), {i: i for i in range(4)}, shape
        )
    np.testing.assert_array_equal(found, ids[rows[:, None], columns])
