"""Maps of other programs: numbers of any type, if they are classes."""

import numpy as np
import pytest
import rasterio

from multimodal_rs.products.accuracy import write_map_accuracy
from multimodal_rs.products.area import class_areas
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.polygons import write_polygons

IDS = np.array([[0, 0, 1, 3], [2, 2, 1, 9]]).repeat(30, 0).repeat(20, 1)


def areas_of(path):
    with ClassMap(path) as land:
        return {a.number: a.pixels for a in class_areas(land)}


@pytest.mark.parametrize(
    ('kind', 'nodata', 'read_as'),
    [
        ('int8', -1, 65535),
        ('int16', -9999, 65535),
        ('int16', 0, 0),
        ('uint16', 65535, 65535),
        ('int32', -(2**31), 65535),
        ('uint32', 2**32 - 1, 65535),
        ('int64', -1, 65535),
        ('float32', np.nan, 65535),
        ('float32', None, 65535),  # NaN is empty all the same
        ('float32', -3.4028234663852886e38, 65535),
        ('float64', 255, 255),
    ],
)
def test_numbers_of_any_type(write_map, tmp_path, kind, nodata, read_as):
    values = IDS.astype(kind)
    empty = IDS == (0 if nodata == 0 else 9)
    values[empty] = np.nan if nodata is None else nodata
    path = write_map(values, names=(), nodata=nodata, dtype=kind)
    with ClassMap(path) as land:
        assert land.nodata == read_as
        numbers = land.whole()
        rows, columns = np.nonzero(IDS >= 0)
        found = land.at(rows[::-1], columns[::-1])
        np.testing.assert_array_equal(found[::-1], numbers.ravel())
        np.testing.assert_array_equal(numbers, np.where(empty, read_as, IDS))
        count = write_polygons(tmp_path / 'map.gpkg', land)
    kept = {n: (IDS == n).sum() for n in {0, 1, 2, 3, 9}}
    del kept[0 if nodata == 0 else 9]
    assert areas_of(path) == kept
    assert count == len(kept)


@pytest.mark.parametrize('kind', ['mask', 'alpha'])
@pytest.mark.parametrize(
    ('dtype', 'nodata', 'read_as'),
    [('uint8', None, 65535), ('uint16', 9, 9), ('float32', np.nan, 65535)],
)
def test_what_a_mask_calls_empty_has_no_class(
    write_map, tmp_path, kind, dtype, nodata, read_as
):
    path = write_map(IDS, names=(), nodata=nodata, dtype=dtype)
    hidden = np.zeros(IDS.shape, bool)
    hidden[:, :31] = True  # some of 0 and 2
    with rasterio.open(path) as file:
        profile, bands = file.profile, [file.read(1)]
    if kind == 'alpha':
        profile |= dict(count=2, alpha='YES')
        bands.append(np.where(hidden, 0, 255).astype(dtype))
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, 'w', **profile) as file,
    ):
        file.write(np.stack(bands))
        if kind == 'mask':
            file.write_mask(~hidden)
    empty = hidden | (IDS == nodata)
    expected = np.where(empty, read_as, IDS)
    truth = write_map(np.where(IDS == nodata, 255, IDS), 'truth.tif')
    with ClassMap(path) as land:
        assert land.nodata == read_as
        np.testing.assert_array_equal(land.whole(), expected)
        np.testing.assert_array_equal(land.reduced(IDS.shape), expected)
        count = write_polygons(tmp_path / 'map.gpkg', land)
        text = write_map_accuracy(tmp_path / 'a', land, truth)
    shown = np.unique(IDS[~empty])
    assert areas_of(path) == {n: (expected == n).sum() for n in shown}
    assert count == len(shown) and 'OA' in text
    with rasterio.open(tmp_path / 'a' / 'errors.tif') as file:
        np.testing.assert_array_equal(file.read(1), np.where(empty, 255, 0))


def test_whole_numbers_without_nodata(write_map):
    path = write_map(IDS, names=(), nodata=None, dtype='int32')
    with ClassMap(path) as land:
        assert land.nodata is None
    assert areas_of(path)[9] == 600


@pytest.mark.parametrize(
    ('kind', 'value', 'nodata', 'said'),
    [
        ('int16', -9999, None, 'from 0 to 65535, got -9999'),
        ('int32', 65536, None, 'from 0 to 65535, got 65536'),
        ('int32', 65535, -1, 'from 0 to 65534, got 65535'),
        ('float32', 1.5, None, 'from 0 to 65534, got 1.5'),
        ('float32', np.inf, 0, 'from 0 to 65535, got inf'),
    ],
)
def test_what_is_no_class_is_named_with_its_place(
    write_map, kind, value, nodata, said
):
    values = np.ones((300, 20), kind)
    values[290, 7] = value
    path = write_map(values, names=(), nodata=nodata, dtype=kind)
    expected = rf'map.tif: .*{said} in row 290, column 7: if it stands'
    with pytest.raises(ValueError, match=expected):
        areas_of(path)
