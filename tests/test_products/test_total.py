"""Products of several maps together."""

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.products.__main__ import main
from multimodal_rs.products.make import Products
from multimodal_rs.products.notes import are_noted, noting
from multimodal_rs.products.overlaps import overlapping
from multimodal_rs.products.total import make_total_products

NAMES = ('water', 'forest & scrub', 'crops', 'built')


def at(x, y=6e6, side=10):
    return dict(transform=Affine(side, 0, x, 0, -side, y))


@pytest.fixture
def maps(write_map, tmp_path, monkeypatch):
    """Three maps side by side, the last one with pixels of 20 m."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    numbers = {}
    for name, place, size in (
        ('alps', at(5e5), (300, 40)),
        ('berlin', at(5e5 + 400), (30, 50)),
        ('celle', at(5e5 + 900, side=20), (20, 10)),
    ):
        numbers[name] = rng.integers(0, 3, size)
        numbers[name][:5] = 255
        write_map(numbers[name], f'{name}.tif', **place)
    return numbers


PATHS = ['alps.tif', 'berlin.tif', 'celle.tif']


def test_areas_are_summed_class_by_class(maps, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # maps that touch do not overlap
        main([*PATHS, '--area', 'total.csv'])
    assert capsys.readouterr().out == 'Wrote total.csv: 3 maps\n'
    with open('total.csv') as file:
        rows = list(csv.DictReader(file))
    pixels = [sum((m == n).sum() for m in maps.values()) for n in range(4)]
    hectares = [
        (pixels[n] + 3 * (maps['celle'] == n).sum()) / 100 for n in range(4)
    ]
    assert [row['class'] for row in rows] == list(NAMES)
    assert [int(row['pixels']) for row in rows] == pixels
    found = [float(row['hectares']) for row in rows]
    np.testing.assert_allclose(found, hectares)
    found = [float(row['percent']) for row in rows]
    np.testing.assert_allclose(found, 100 * np.divide(hectares, sum(hectares)))


def test_one_map_is_as_before(maps, capsys):
    """Also the same as the sum of one."""
    main(['alps.tif', '--area', 'one.csv'])
    assert capsys.readouterr().out == 'Wrote one.csv\n'
    make_total_products(['alps.tif'], Products(area='total.csv'))
    assert Path('one.csv').read_bytes() == Path('total.csv').read_bytes()


def test_maps_of_other_classes_are_refused(maps, write_map):
    write_map(maps['celle'], 'celle.tif', names=(*NAMES[:2], 'rye', 'built'))
    expected = (
        'maps alps.tif and celle.tif: .*: 2 is crops in the first and rye in '
        'the second: only maps'
    )
    with pytest.raises(ValueError, match=expected):
        make_total_products(PATHS, Products(area='total.csv'))
    write_map(maps['celle'], 'celle.tif', names=NAMES[:3])
    with pytest.raises(ValueError, match='3 is built .* and no class in the'):
        make_total_products(PATHS, Products(area='total.csv'))
    assert not Path('total.csv').exists()


def test_maps_without_names_have_the_classes_of_all(maps, write_map):
    write_map([[7, 9]], 'a.tif', names=())
    write_map([[8, 9]], 'b.tif', names=(), **at(6e5))
    make_total_products(['a.tif', 'b.tif'], Products(area='total.csv'))
    with open('total.csv') as file:
        rows = [(r['class'], r['pixels']) for r in csv.DictReader(file)]
    assert rows == [('7', '1'), ('8', '1'), ('9', '2')]


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        ('--polygons p.gpkg --style a.qml', '--polygons and --style: expect'),
        ('./alps.tif --area a.csv', 'alps.tif and ./alps.tif, which are one'),
        ('--area berlin.tif', 'area berlin.tif is the input berlin.tif'),
        ('none.tif --area a.csv', 'map none.tif does not exist'),
        ('nowhere.tif --area a.csv', 'map nowhere.tif: area: the map does'),
    ],
)
def test_refused(maps, write_map, words, said):
    write_map(maps['alps'], 'nowhere.tif', crs=None)
    before = {p: p.read_bytes() for p in Path().iterdir()}
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        main([*PATHS, *words.split()])
    assert {p: p.read_bytes() for p in Path().iterdir()} == before


def test_maps_that_overlap(maps, write_map):
    assert overlapping(PATHS) == []
    write_map(maps['alps'], 'd.tif', **at(5e5 + 390))
    with pytest.warns(UserWarning, match=r'alps.tif and d.tif, berlin.tif an'):
        make_total_products([*PATHS, 'd.tif'], Products(area='total.csv'))
    # Empty where the others lie, or in another system, or empty.
    ids = np.pad(maps['alps'][:, 1:], ((0, 0), (1, 0)), constant_values=255)
    ids[:30] = 255
    write_map(ids, 'd.tif', **at(5e5 + 390))
    assert overlapping([*PATHS, 'd.tif']) == []
    write_map(maps['alps'], 'd.tif', crs=CRS.from_epsg(32633))
    assert overlapping([*PATHS, 'd.tif']) == []
    write_map(np.full((9, 9), 255), 'd.tif')
    assert overlapping([*PATHS, 'd.tif']) == []
    # Turned by a quarter: rows go to the east.
    turned = Affine(0, 10, 5e5 + 350, -10, 0, 6e6)
    write_map(np.zeros((5, 9), int), 'd.tif', transform=turned)
    assert overlapping([*PATHS, 'd.tif']) == [('alps.tif', 'd.tif')]
    write_map(np.zeros((6, 9), int), 'd.tif', transform=turned)
    pairs = [('alps.tif', 'd.tif'), ('berlin.tif', 'd.tif')]
    assert overlapping([*PATHS, 'd.tif']) == pairs


def test_what_is_noted_of_a_file_that_becomes_a_sum_goes(maps):
    own, other = Products(area='alps.csv'), Products(style='alps.qml')
    for products in (own, other):
        with noting('alps.tif', products):
            pass
    make_total_products(PATHS, Products(area='total.csv'))
    assert are_noted('alps.tif', own)
    make_total_products(PATHS, own)
    assert not are_noted('alps.tif', own) and are_noted('alps.tif', other)
    assert not Path('berlin.tif.aux.xml').exists()
