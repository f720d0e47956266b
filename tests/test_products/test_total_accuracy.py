"""The accuracy of several maps together, against the sums of numpy."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS

from helpers import small_files
from multimodal_rs.products.__main__ import main
from multimodal_rs.products.error_maps import error_names
from multimodal_rs.products.make import Products, make_products
from multimodal_rs.products.reference import OutOfReachError
from multimodal_rs.products.total import make_total_products

PATHS = ['alps.tif', 'berlin.tif', 'celle.tif']
ASKED = Products(accuracy='tables', reference='truth.tif')
WORDS = ['--accuracy', 'tables', '--reference', 'truth.tif']


def at(x, side=10):
    return dict(transform=Affine(side, 0, x, 0, -side, 6e6))


@pytest.fixture
def pairs(write_map, tmp_path, monkeypatch):
    """Truth and map of two maps side by side; a third one is elsewhere.

    The second one has pixels of 20 m.
    """
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, (40, 45)).repeat(2, 0).repeat(2, 1)
    truth[:, 10:20] = 255
    write_map(truth, 'truth.tif')
    found = []
    for name, part, place in (
        ('alps', truth[:, :50], at(5e5)),
        ('berlin', truth[::2, 50::2], at(5e5 + 500, side=20)),
        ('celle', truth[:, :50], at(7e5)),
    ):
        wrong = rng.random(part.shape) < 0.2 + 0.3 * (name == 'berlin')
        mapped = np.where(wrong, rng.integers(0, 3, part.shape), part)
        mapped[part == 255] = 1
        mapped[:4] = 255
        write_map(mapped, f'{name}.tif', **place)
        found.append((part, mapped))
    return found


def counts(pairs, classes=4):
    """``matrix[truth, prediction]`` of all pixels that both know."""
    matrix = np.zeros((classes, classes), int)
    for truth, mapped in pairs:
        known = (truth != 255) & (mapped != 255)
        np.add.at(matrix, (truth[known], mapped[known]), 1)
    return matrix


def matrix_of(folder='tables'):
    content = json.loads(Path(folder, 'land_cover.json').read_text())
    return np.array(content['confusion_matrix']['pixels'])


def files(folder='tables'):
    return {p.name: p.read_bytes() for p in Path(folder).iterdir()}


def test_matrices_are_summed(pairs, capsys):
    main([*PATHS, *WORDS])
    said = capsys.readouterr().out
    assert said.startswith(
        'Compared: 2 of 3 maps, to which all figures refer; the reference '
        'truth.tif does not reach celle.tif\nNumbers of the reference: 0 wat'
    )
    expected = counts(pairs[:2])
    np.testing.assert_array_equal(matrix_of(), expected)
    overall = np.trace(expected) / expected.sum()
    summary = json.loads(Path('tables/land_cover.json').read_text())['summary']
    assert summary['OA'] == pytest.approx(100 * overall)
    assert f'{100 * overall:.2f}' in said
    for name, (truth, mapped) in zip(PATHS[:2], pairs, strict=False):
        wrong = np.where(
            (truth == 255) | (mapped == 255), 255, truth != mapped
        )
        with rasterio.open(f'tables/errors_{name}') as file:
            np.testing.assert_array_equal(file.read(1), wrong)
            assert file.tags()['map'] == name
    assert len(files()) == 5 + 2 * 2  # with .aux.xml


def test_areas_are_adjusted_by_the_sums(pairs):
    """Olofsson et al.: p_j is the sum over i of W_i n_ij / n_i."""
    make_total_products(PATHS, ASKED)
    (_, alps), (_, berlin), _ = pairs
    mapped = [((alps == n).sum() + 4 * (berlin == n).sum()) for n in range(3)]
    mapped = np.array(mapped) / 100
    shares = counts(pairs[:2], 3) / counts(pairs[:2], 3).sum(axis=0)
    with open('tables/area_adjusted.csv') as file:
        rows = list(csv.DictReader(file))[:3]
    found = [float(row['mapped_hectares']) for row in rows]
    np.testing.assert_allclose(found, mapped)
    found = [float(row['hectares']) for row in rows]
    np.testing.assert_allclose(found, shares @ mapped)


def test_the_sum_of_one_is_the_accuracy_of_one(pairs):
    make_products('alps.tif', ASKED)
    one = files()
    make_total_products(['alps.tif'], ASKED)
    total = files()
    assert total.pop('errors_alps.tif') == one.pop('errors.tif')
    total.pop('errors_alps.tif.aux.xml'), one.pop('errors.tif.aux.xml')
    assert total == one


def test_an_earlier_comparison_goes_with_all_maps_of_errors(pairs, write_map):
    make_total_products(PATHS, ASKED)
    write_map(pairs[0][0], 'tables/errors_of_mine.tif')
    make_total_products(PATHS[1:], ASKED)
    assert 'errors_alps.tif' not in files()
    assert {'errors_berlin.tif', 'errors_of_mine.tif'} < files().keys()
    make_products('alps.tif', ASKED)
    maps = {name for name in files() if name.endswith('.tif')}
    assert maps == {'errors.tif', 'errors_of_mine.tif'}
    make_total_products(PATHS, ASKED)
    assert 'errors.tif' not in files()


def test_maps_of_one_name_have_errors_of_their_own(pairs, write_map):
    for name, (_, mapped), place in zip(
        'ab', pairs[:2], (at(5e5), at(5e5 + 500, side=20)), strict=True
    ):
        Path(name).mkdir()
        write_map(mapped, f'{name}/map.tif', **place)
    make_total_products(['a/map.tif', 'b/map.tif'], ASKED)
    assert {'errors_a_map.tif', 'errors_b_map.tif'} < files().keys()
    np.testing.assert_array_equal(matrix_of(), counts(pairs[:2]))


def test_names_of_maps_of_errors():
    assert error_names(['x/a.tif', 'x/b.vrt']) == [
        'errors_a.tif',
        'errors_b.tif',
    ]
    assert error_names(['a/b/c.tif', 'A_b/C.tif', 'a/c/c.tif']) == [
        'errors_b_c.tif',
        'errors_A_b_C.tif',
        'errors_c_c.tif',
    ]
    with pytest.raises(ValueError, match=r"\['a.tif', 'a.vrt'\], .*errors_a"):
        error_names(['a.tif', 'a.vrt'])


def test_a_reference_that_reaches_nothing(pairs, write_map):
    make_total_products(PATHS, ASKED)
    before = files()
    wanted = Products('total.csv', accuracy='tables', reference='truth.tif')
    write_map(pairs[0][0], 'truth.tif', **at(8e5))
    with pytest.raises(OutOfReachError, match='truth.tif has no pixel or poi'):
        make_total_products(PATHS, wanted)
    assert not Path('total.csv').exists()
    write_map(np.full((80, 90), 255), 'truth.tif')
    with pytest.raises(OutOfReachError, match='one of the 3 maps has one'):
        make_total_products(PATHS, wanted)
    write_map(np.full((80, 90), 9), 'truth.tif')
    expected = r'^map alps.tif is not compared .*: the numbers \[9\]'
    with pytest.raises(ValueError, match=expected):
        make_total_products(PATHS, wanted)
    assert files() == before


@pytest.mark.parametrize('limit', [0, 500, 1000])
def test_a_full_disk_leaves_the_folder_as_it_was(pairs, limit):
    make_total_products(PATHS, ASKED)
    before = files()
    with (
        small_files(limit),
        pytest.raises(OSError, match='^tables/[a-z_]+.* the disk full'),
    ):
        make_total_products(PATHS[:2], ASKED)
    assert files() == before


def test_a_map_that_is_empty_where_the_truth_is_known(pairs, write_map):
    truth = np.full((80, 90), 255)
    truth[:4] = 0  # there all maps are empty
    truth[50:, :50] = 1
    write_map(truth, 'truth.tif')
    said = make_total_products(PATHS, ASKED)[0]
    assert 'truth.tif does not reach berlin.tif, celle.tif\n' in said
    assert matrix_of().sum() == (pairs[0][1][50:] != 255).sum()
    assert 'errors_berlin.tif' not in files()


def test_points_count_once(pairs, write_map):
    places = [(500005, 30), (500505, 31), (500005, 0), (505000, 30)]
    lines = [f'{x},{6e6 - 5 - 10 * row},1' for x, row in places]
    lines += ['500505,5999695,255', ',,1', '700005,5999695,crops']
    Path('points.csv').write_text('\n'.join(['x,y,class', *lines]))
    asked = Products(accuracy='tables', reference='points.csv')
    said = make_total_products(PATHS, asked)[0]
    assert said.startswith('Compared: 3 of 3 maps\n')
    assert (
        'Points that do not count: 4 of 7: 1 without x or y, 1 outside of all '
        'maps, 1 where no map has a class, 1 of class 255\n'
    ) in said
    (_, alps), (_, berlin), (_, celle) = pairs
    expected = np.zeros((4, 4), int)
    expected[1, alps[30, 0]] += 1
    expected[1, berlin[15, 0]] += 1
    expected[2, celle[30, 0]] += 1
    np.testing.assert_array_equal(matrix_of(), expected)
    write_map(alps, 'berlin.tif', crs=CRS.from_epsg(32633))
    with pytest.raises(ValueError, match='EPSG:32632 of alps.tif and EPSG:3'):
        make_total_products(PATHS, asked)
    # With a system of each, those of berlin are elsewhere now.
    lines = [line + ',EPSG:32632' for line in lines]
    Path('points.csv').write_text('\n'.join(['x,y,class,crs', *lines]))
    said = make_total_products(PATHS, asked)[0]
    assert said.startswith('Compared: 2 of 3 maps, to which')
    expected[1, berlin[15, 0]] -= 1
    np.testing.assert_array_equal(matrix_of(), expected)


def test_a_class_that_only_another_map_shows(write_map, pairs):
    write_map([[1, 1, 2]], 'a.tif', names=(), **at(5e5))
    write_map([[3, 3, 1]], 'b.tif', names=(), **at(5e5 + 30))
    write_map([[1, 3, 2, 3, 3, 1]], 'truth.tif', names=())
    make_total_products(['a.tif', 'b.tif'], ASKED)
    assert matrix_of().tolist() == [[2, 0, 0], [0, 1, 0], [1, 0, 2]]


def test_areas_that_are_not_known(write_map, pairs):
    write_map(pairs[0][1], 'alps.tif', crs=None, transform=None)
    write_map(pairs[0][0], 'truth.tif', crs=None, transform=None)
    said = make_total_products(['alps.tif'], ASKED)[0]
    assert 'No area-adjusted figures: map alps.tif: area: the map does' in said
