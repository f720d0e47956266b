"""Points: of which class, where, and which of them do not count."""

import json

import numpy as np
import pytest
from pyproj import Transformer
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.evaluation.confusion import confusion_matrix
from multimodal_rs.products.accuracy import write_map_accuracy
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.reference_points import Points


@pytest.fixture
def compare(write_map, pair, tmp_path):
    """Compare the map with a table; return what is said."""
    path, table = write_map(pair[1]), tmp_path / 'points.csv'

    def compare(text, ids=None):
        table.write_text(text)
        with ClassMap(path) as land:
            return write_map_accuracy(tmp_path / 'accuracy', land, table, ids)

    return compare


def matrix_of(folder):
    content = json.loads((folder / 'accuracy/land_cover.json').read_text())
    return np.array(content['confusion_matrix']['pixels'])


def line(row, column, word):
    return f'{5e5 + 10 * column + 3},{6e6 - 10 * row - 4},{word}'


def test_points_by_name_or_number(compare, pair, tmp_path):
    truth, mapped = pair
    rng = np.random.default_rng(1)
    places = np.stack([rng.integers(20, 300, 200), rng.integers(7, 200, 200)])
    names = ('water', '1', ' crops ')
    lines = [line(r, c, names[truth[r, c]]) for r, c in places.T]
    lines += ['400000,6000000,water', line(0, 200, 1), line(300, 0, 1)]
    lines += [line(0, 0, 1), line(0, 9, 255), 'nan,5999995,1', ',5999995,1']
    text = compare('\n'.join(['x,y,class', *lines]))
    here = tuple(places)
    expected = confusion_matrix(truth[here], mapped[here], 4)
    np.testing.assert_array_equal(matrix_of(tmp_path), expected)
    assert not (tmp_path / 'accuracy' / 'errors.tif').exists()
    assert (
        'Points that do not count: 7 of 207: 2 without x or y, 3 outside of '
        'the map, 1 where the map has no class, 1 of class 255\n'
    ) in text


def test_names_that_are_numbers(tmp_path):
    """As those of a legend that counts from 1."""
    table = tmp_path / 'points.csv'
    table.write_text('x,y,class\n1,2,1\n1,2,2.0\n1,2,3\n')
    points, names = Points(table), {'1': 0, '2': 1, '3': 2}
    with pytest.raises(ValueError, match=r"line 2: the class '1' .* 1=0 ...`"):
        points.classes(names, {0: 0, 1: 1, 2: 2})
    for ids in ({1: 0, 2: 1, 3: 2}, {1: 1, 2: 2, 3: 0}):
        found = points.classes(names, ids, chosen=True)
        np.testing.assert_array_equal(found, list(ids.values()))


def test_255_that_is_named_is_a_class(tmp_path):
    table = tmp_path / 'points.csv'
    table.write_text('x,y,class\n1,2,0\n1,2,255\n1,2,7\n')
    points, names = Points(table), {'land': 0, 'flood': 1}
    found = points.classes(names, {0: 0, 255: 1, 7: 255}, chosen=True)
    np.testing.assert_array_equal(found, [0, 1, 255])
    with pytest.raises(ValueError, match=r'\[7\] .* expected \[0, 255\]: '):
        points.classes(names, {0: 0, 255: 1}, chosen=True)


def test_all_points_count(compare):
    lines = [line(30, 50, 'water'), line(31, 50, 20), line(32, 50, '20.0')]
    text = compare('\n'.join(['class,note,x,y', *map(turned, lines)]), {20: 1})
    assert 'do not count' not in text


def test_points_in_reference_systems_of_their_own(compare, tmp_path, pair):
    truth, mapped = pair
    rng = np.random.default_rng(2)
    rows, columns = rng.integers(20, 300, 60), rng.integers(7, 200, 60)
    x, y = 5e5 + 10 * columns + 5, 6e6 - 10 * rows - 5
    lines = [f'nan,1,1,{word}' for word in ('', 'EPSG:4326')]
    lines.append('400000,100000000,1,EPSG:32632')
    lines.append('54,139,1,EPSG:4326')  # beyond the pole
    # pyproj, where the code uses GDAL.
    for start, code in enumerate((4326, 32633, 32632, 3857)):
        to = Transformer.from_crs(32632, code, always_xy=True)
        for i in range(start, 60, 4):
            place = '{:.10f},{:.10f}'.format(*to.transform(x[i], y[i]))
            word = truth[rows[i], columns[i]]
            lines.append(f'{place},{word},epsg:{code}')
    text = compare('\n'.join(['x,y,class,crs', *lines]))
    here = rows, columns
    expected = confusion_matrix(truth[here], mapped[here], 4)
    np.testing.assert_array_equal(matrix_of(tmp_path), expected)
    assert ': 4 of 64: 2 without x or y, 2 outside of the map\n' in text


@pytest.mark.parametrize(
    ('lines', 'expected'),
    [
        (['9,54,1,EPSG:4326', '9,54,1,'], r"line 3: .* EPSG:4326, got '':"),
        (['9,54,1,UTM 32'], "line 2: expected the reference .* 'UTM 32'"),
        (
            ['9,54,1,EPSG:4326', '9,54,1,ESRI:104903'],
            'line 3: .*, ESRI:104903, cannot be converted to .* EPSG:32632',
        ),
        (
            ['9,44,1,EPSG:4326'],
            r'they cover x 500000 to 500000 and y 4871[\d.]+ .* another place',
        ),
    ],
)
def test_systems_that_are_wrong(compare, lines, expected):
    with pytest.raises(ValueError, match=expected):
        compare('\n'.join(['x,y,class,crs', *lines]))


@pytest.mark.parametrize('west', [178, -182, 538])
def test_longitudes_are_counted_in_any_way(write_map, pair, tmp_path, west):
    grid = Affine(0.02, 0, west, 0, -0.02, 3)  # four degrees across 180
    path = write_map(pair[1], crs=CRS.from_epsg(4326), transform=grid)
    table = tmp_path / 'points.csv'
    to = Transformer.from_crs(4326, 32701, always_xy=True)
    x, y = to.transform(-179, -0.5)
    lines = [
        '179,1,0,EPSG:4326',
        '-179,1,0,EPSG:4326',
        f'{x},{y},0,EPSG:32701',
    ]
    table.write_text('\n'.join(['x,y,class,crs', *lines]))
    with ClassMap(path) as land:
        text = write_map_accuracy(tmp_path / 'accuracy', land, table)
    assert 'do not count' not in text


def test_a_map_without_a_system(write_map, pair, tmp_path):
    path, table = write_map(pair[1], crs=None), tmp_path / 'points.csv'
    table.write_text('x,y,class,crs\n9,54,1,EPSG:4326')
    with (
        ClassMap(path) as land,
        pytest.raises(ValueError, match='the map has none: give it one'),
    ):
        write_map_accuracy(tmp_path / 'accuracy', land, table)


def turned(text):
    x, y, word = text.split(',')
    return f'{word},"two\nlines",{x},{y}'


@pytest.mark.parametrize(
    ('lines', 'expected'),
    [
        (
            ['9,54,1'],
            'none of 1 points .* x 9 to 9 and y 54 to 54, the map x',
        ),
        (['nan,54,1'], 'none of 1 points .* without x and y, the map x 5'),
        (
            [line(0, 0, 'water'), line(0, 0, 'meadow')],
            r"line 3: the class 'meadow' is neither .*\['water', 'forest & "
            r"scrub', 'crops', 'built'\]: correct the name, or",
        ),
        ([line(0, 0, '')], "line 2: the class '' is neither"),
        ([line(0, 0, '1.5')], "line 2: the class '1.5' is neither"),
        ([line(0, 0, 7)], r'line 2: the numbers \[7\] are no classes'),
        (['5e5 m,6e6,1'], "line 2: expected a number as x, got '5e5 m'"),
        (['500005'], 'line 2: the class'),
        ([line(0, 9, 255)], 'do not count: 1 of 1: 1 of class 255'),
    ],
)
def test_what_is_wrong_is_said_with_its_line(compare, lines, expected):
    with pytest.raises(ValueError, match=rf'points.csv.*{expected}'):
        compare('\n'.join(['x,y,class', *lines]))


def test_other_tables_are_refused(compare):
    for text in ('x;y;class\n1;2;water\n', 'x,y,class\n', ''):
        with pytest.raises(ValueError, match='columns x, y, class'):
            compare(text)
