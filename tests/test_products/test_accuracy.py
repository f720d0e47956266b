"""A map against its reference."""

import csv
import json

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS
from rio_cogeo.cogeo import cog_validate

from helpers import small_files
from multimodal_rs.evaluation.confusion import confusion_matrix
from multimodal_rs.products.__main__ import main
from multimodal_rs.products.accuracy import write_map_accuracy
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.make import Products


def table(path):
    return list(csv.DictReader(path.open()))


def matrix_of(folder):
    rows = [
        row for row in csv.reader((folder / 'confusion_matrix.csv').open())
    ]
    return np.array([row[1:] for row in rows[1:]], int)


def compare(write_map, mapped, reference, folder, ids=None):
    with ClassMap(write_map(mapped)) as land:
        return write_map_accuracy(folder, land, reference, ids)


def expected_matrix(truth, mapped):
    counted = (truth != 255) & (mapped != 255)
    return confusion_matrix(truth[counted], mapped[counted], 4)


def test_every_pixel_is_compared(write_map, tmp_path, pair):
    truth, mapped = pair
    folder = tmp_path / 'accuracy'
    text = compare(write_map, mapped, write_map(truth, 'ref.tif'), folder)
    expected = expected_matrix(truth, mapped)
    np.testing.assert_array_equal(matrix_of(folder), expected)
    content = json.loads((folder / 'land_cover.json').read_text())
    overall = 100 * np.trace(expected) / expected.sum()
    assert content['summary']['OA'] == pytest.approx(overall)
    assert f'{overall:.2f}' in text
    wrong = np.where((truth == 255) | (mapped == 255), 255, truth != mapped)
    with rasterio.open(folder / 'errors.tif') as file:
        np.testing.assert_array_equal(file.read(1), wrong)
        assert file.tags()['reference'] == 'ref.tif'
        assert file.tags(1)['CLASS_1'] == 'wrong'
    assert cog_validate(folder / 'errors.tif', strict=True)[0]
    rows = table(folder / 'area_adjusted.csv')
    total = sum(float(row['hectares']) for row in rows)
    assert total == pytest.approx((mapped != 255).sum() / 100)
    assert float(rows[1]['mapped_hectares']) == (mapped == 1).sum() / 100


def test_a_reference_on_another_grid_is_brought_to_the_map(
    write_map, tmp_path, pair
):
    """Finer and beyond the map; outside of it is no class 0."""
    truth, mapped = pair
    finer = truth[60:200, 50:150].repeat(2, 0).repeat(2, 1)
    place = Affine(5, 0, 5e5 + 500, 0, -5, 6e6 - 600)
    for name, nodata in (('a.tif', None), ('b.tif', 255)):
        reference = write_map(finer, name, nodata=nodata, transform=place)
        compare(write_map, mapped, reference, tmp_path / name[0])
        expected = expected_matrix(
            truth[60:200, 50:150], mapped[60:200, 50:150]
        )
        np.testing.assert_array_equal(matrix_of(tmp_path / name[0]), expected)


def test_ids_that_are_no_classes_are_refused(write_map, tmp_path, pair):
    truth, mapped = pair
    ids = {0: 0, 1: 1, 2: 7}
    with pytest.raises(ValueError, match=r"for \[7\].* 3: 'built'"):
        path = write_map(truth, 'ref.tif')
        compare(write_map, mapped, path, tmp_path / 'accuracy', ids)


def test_a_class_that_a_map_without_names_never_shows(write_map, tmp_path):
    """Its pixels are missed all the same."""
    truth = np.array([[0, 0, 1, 1]]).repeat(20, 0)
    mapped = np.zeros_like(truth)
    with ClassMap(write_map(mapped, names=())) as land:
        path = write_map(truth, 'ref.tif', names=())
        text = write_map_accuracy(tmp_path / 'a', land, path, {0: 0, 1: 1})
    assert matrix_of(tmp_path / 'a').tolist() == [[40, 0], [40, 0]]
    assert 'Overall accuracy 50.00' in text
    assert text.startswith('Numbers of the reference: 0 0, 1 1\n')


def test_what_cannot_be_made_is_said_before(tmp_path):
    with pytest.raises(ValueError, match='ends with .gpkg'):
        Products(polygons=tmp_path / 'a.shp')
    for size in (-3, float('nan'), float('inf')):
        expected = rf'min_area \(--min-area\): expected .*, got {size}: corr'
        with pytest.raises(ValueError, match=expected):
            Products(min_area=size)
    with pytest.raises(ValueError, match='--sieve.* of pixels, .* got -2'):
        Products(sieve=-2)
    with pytest.raises(ValueError, match='--min-area and --sieve: .* --poly'):
        Products(area='a.csv', min_area=0.5, sieve=10)
    with pytest.raises(ValueError, match='^--reference-ids: .* --reference '):
        Products(area='a.csv', reference_ids={1: 0})
    products = Products(accuracy=tmp_path / 'a', reference='nothing.tif')
    with pytest.raises(FileNotFoundError, match='nothing.tif does not exist'):
        products.check_reference()


@pytest.mark.parametrize('moved', [False, True])
def test_floats_are_numbers_of_classes(write_map, tmp_path, pair, moved):
    truth, mapped = pair
    floats = np.where(truth == 255, np.nan, truth).astype('float32')
    place = dict(transform=Affine(10, 0, 5e5, 0, -10, 6e6))
    if moved:  # 5 m, and a frame of nothing
        floats = np.pad(floats.repeat(2, 0).repeat(2, 1), 8)
        floats[:8] = floats[:, :8] = np.nan
        place = dict(transform=Affine(5, 0, 5e5 - 40, 0, -5, 6e6 + 40))
    path = write_map(floats, 'ref.tif', names=(), nodata=None, **place)
    compare(write_map, mapped, path, tmp_path / 'accuracy')
    found = matrix_of(tmp_path / 'accuracy')
    np.testing.assert_array_equal(found, expected_matrix(truth, mapped))


def test_numbers_of_the_reference_are_translated(write_map, tmp_path, pair):
    truth, mapped = pair
    numbers = np.array([10, 20, 300, 40])[truth.clip(max=3)].astype('uint16')
    reference = write_map(numbers, 'ref.tif', names=(), nodata=40)
    with pytest.raises(ValueError, match=r'\[10, 20, 300\] are no classes'):
        compare(write_map, mapped, reference, tmp_path / 'accuracy')
    assert not (tmp_path / 'accuracy' / 'errors.tif').exists()
    ids = {10: 0, 20: 1, 300: 2}
    compare(write_map, mapped, reference, tmp_path / 'accuracy', ids)
    np.testing.assert_array_equal(
        matrix_of(tmp_path / 'accuracy'), expected_matrix(truth, mapped)
    )


def test_a_class_without_sample_has_no_interval(write_map, tmp_path, pair):
    truth, mapped = pair
    mapped[0, 10] = 3
    reference = write_map(truth, 'ref.tif')
    text = compare(write_map, mapped, reference, tmp_path / 'accuracy')
    assert 'No area-adjusted figures: they need two' in text
    assert "['built']" in text
    assert not (tmp_path / 'accuracy' / 'area_adjusted.csv').exists()


def state(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.mark.parametrize('limit', [0, 500, 2000, 40_000])
def test_a_full_disk_leaves_the_folder_as_it_was(
    write_map, tmp_path, pair, limit
):
    """In the tables, in the map of errors, and while it is put together."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, (600, 600))
    reference = write_map(truth[::-1], 'ref.tif')
    for earlier in (False, True):
        folder = tmp_path / f'{earlier}'
        if earlier:
            compare(write_map, pair[1], write_map(pair[0], 'a.tif'), folder)
            before = state(folder)
        with (
            ClassMap(write_map(truth)) as land,
            small_files(limit),
            pytest.raises(OSError, match=f'^{folder}/[a-z_]+.* the disk full'),
        ):
            write_map_accuracy(folder, land, reference)
        if earlier:
            assert state(folder) == before
        else:
            assert not folder.exists()


def test_an_earlier_comparison_goes_as_a_whole(write_map, tmp_path, pair):
    truth, mapped = pair
    reference = write_map(truth, 'ref.tif')
    folder = tmp_path / 'accuracy'
    compare(write_map, mapped, reference, folder)
    before = state(folder)
    nothing = write_map(np.full_like(truth, 255), 'none.tif')
    with pytest.raises(ValueError, match='no pixel of'):
        compare(write_map, mapped, nothing, folder)
    assert state(folder) == before
    points = tmp_path / 'points.csv'
    points.write_text('x,y,class\n500505,5999495,1\n')
    compare(write_map, mapped, points, folder)
    assert set(before) - set(state(folder)) == {
        *('errors.tif', 'errors.tif.aux.xml'),
        *('area_adjusted.csv', 'area_adjusted.json'),
    }


def test_maps_without_position_are_compared_pixel_by_pixel(
    write_map, tmp_path, pair
):
    truth, mapped = pair
    nowhere = dict(crs=None, transform=Affine.identity())
    reference = write_map(truth, 'ref.tif', **nowhere)
    with ClassMap(write_map(mapped, **nowhere)) as land:
        text = write_map_accuracy(tmp_path / 'accuracy', land, reference)
    assert 'No area-adjusted figures: area: the map does not say' in text
    np.testing.assert_array_equal(
        matrix_of(tmp_path / 'accuracy'), expected_matrix(truth, mapped)
    )


def test_a_reference_elsewhere_is_refused(write_map, tmp_path, pair):
    truth, mapped = pair
    far = Affine(10, 0, 7e5, 0, -10, 6e6)
    reference = write_map(truth, 'ref.tif', transform=far)
    both = 'covers 700000 to 702000 .* the grid 500000 to 502000 and 5997000'
    with pytest.raises(
        ValueError, match=f'does not overlap the map: .*{both}'
    ):
        compare(write_map, mapped, reference, tmp_path / 'accuracy')
    nothing = write_map(np.full_like(truth, 255), 'ref.tif')
    with pytest.raises(ValueError, match='no pixel of .*map.tif has a class'):
        compare(write_map, mapped, nothing, tmp_path / 'accuracy')
    nowhere = write_map(truth[:50], 'ref.tif', crs=None, transform=None)
    with pytest.raises(ValueError, match='says where .* of the reference: '):
        compare(write_map, mapped, nowhere, tmp_path / 'accuracy')


def test_command_makes_all(write_map, tmp_path, pair, capsys, monkeypatch):
    truth, mapped = pair
    write_map(truth, 'ref.tif', crs=CRS.from_epsg(32632))
    write_map(mapped)
    monkeypatch.chdir(tmp_path)
    main(
        'map.tif --area a.csv --polygons p.gpkg --min-area 0.5 --sieve 3 '
        '--style map.qml --reference ref.tif --reference-ids 0=0 1=1 2=2 '
        '255=255 --accuracy tables'.split()
    )
    said = capsys.readouterr().out
    assert 'Wrote a.csv' in said and 'Overall accuracy' in said
    made = {p.name for p in tmp_path.iterdir()}
    assert {'a.csv', 'p.gpkg', 'map.qml', 'tables'} <= made
    words = '--area b.csv --accuracy tables --reference ref.tif'.split()
    write_map(np.full_like(truth, 7), 'ref.tif')
    with pytest.raises(ValueError, match='^it is not compared with the ref'):
        main(['map.tif', *words])
    assert capsys.readouterr().out == 'Wrote b.csv\n'
    with pytest.raises(SystemExit):
        main(['map.tif'])
    assert 'nothing is asked for' in capsys.readouterr().err
    with pytest.raises(ValueError, match='belong together'):
        Products(accuracy='tables')
