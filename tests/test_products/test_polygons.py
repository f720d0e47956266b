"""Polygons are the map, and a style names its classes."""

from xml.etree import ElementTree

import numpy as np
import pyogrio
import pytest
import rasterio
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize

from helpers import small_files
from multimodal_rs.products import polygons
from multimodal_rs.products.area import class_areas
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.polygons import write_polygons
from multimodal_rs.products.style import write_style


def decoded(binary):
    """Rings of a polygon in well-known binary, as GeoJSON."""
    assert binary[:5] == b'\x01\x03\x00\x00\x00'
    count, place, rings = int.from_bytes(binary[5:9], 'little'), 9, []
    for _ in range(count):
        points = int.from_bytes(binary[place : place + 4], 'little')
        ring = np.frombuffer(binary, '<f8', 2 * points, place + 4)
        rings.append(ring.reshape(-1, 2).tolist())
        place += 4 + 16 * points
    assert place == len(binary)
    return dict(type='Polygon', coordinates=rings)


def read(path):
    """(geometry, number, class, hectares) of every polygon, and the rest."""
    meta, _, shapes, (numbers, names, areas) = pyogrio.raw.read(path)
    shapes = [decoded(s) for s in shapes]
    return list(zip(shapes, numbers, names, areas, strict=True)), meta


@pytest.fixture
def ids():
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 4, (9, 12)).repeat(7, 0).repeat(7, 1)
    ids[20, 30] = 255
    ids[40:60, 40:80] = 0
    ids[50, 60] = 3  # an island: a hole of its surroundings
    ids[rng.random(ids.shape) < 0.02] = 1
    return ids


@pytest.mark.parametrize(
    'grid',
    [
        {},
        dict(transform=Affine(8, 6, 5e5, 6, -8, 6e6)),
        dict(crs=CRS.from_epsg(4326), transform=Affine(0.1, 0, 7, 0, 0.1, 40)),
    ],
    ids=['north-up', 'rotated', 'south-up degrees'],
)
def test_polygons_are_the_map(write_map, tmp_path, ids, grid, monkeypatch):
    monkeypatch.setattr(polygons, 'BATCH', 50)
    target = tmp_path / 'map.gpkg'
    with ClassMap(write_map(ids, **grid)) as land:
        count = write_polygons(target, land)
        areas = {a.name: a.hectares for a in class_areas(land)}
        transform = land.grid.transform
    found, meta = read(target)
    assert len(found) == count > 100
    back = rasterize(
        [(shape, int(number)) for shape, number, *_ in found],
        ids.shape,
        255,
        transform=transform,
        dtype='uint8',
    )
    np.testing.assert_array_equal(back, ids)
    for name, hectares in areas.items():
        total = sum(a for *_, n, a in found if n == name)
        assert total == pytest.approx(hectares, rel=1e-9)
    expected = grid.get('crs', CRS.from_epsg(32632))
    assert CRS.from_user_input(meta['crs']) == expected
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        'map.gpkg',
        'map.tif',
    ]


def test_small_ones_are_left_out_or_swallowed(write_map, tmp_path):
    ids = np.zeros((20, 20), int)
    ids[5, 5] = 1
    ids[10:13, 10:13] = 2
    ids[:, 19] = 255
    target = tmp_path / 'map.gpkg'
    with ClassMap(write_map(ids)) as land:
        assert write_polygons(target, land, min_area=0.09) == 2
        assert [n for _, n, *_ in read(target)[0]] == [2, 0]
        assert write_polygons(target, land, sieve_pixels=9) == 2
        found = {n: a for _, n, _, a in read(target)[0]}
        assert found == {0: pytest.approx(3.71), 2: pytest.approx(0.09)}
        assert write_polygons(target, land, min_area=100) == 0
        assert read(target)[0] == []
        with pytest.raises(ValueError, match=r'ends with .gpkg'):
            write_polygons(tmp_path / 'map.shp', land)


def test_style_has_colours_and_names(write_map, tmp_path):
    with ClassMap(write_map([[0, 1], [2, 255]])) as land:
        write_style(tmp_path / 'map.qml', land)
    root = ElementTree.parse(tmp_path / 'map.qml').getroot()
    (renderer,) = root.iter('rasterrenderer')
    assert renderer.get('type') == 'paletted' and renderer.get('band') == '1'
    entries = [
        (e.get('value'), e.get('label'), e.get('color'))
        for e in root.iter('paletteEntry')
    ]
    assert entries[:2] == [
        ('0', 'water', '#0000ff'),
        ('1', 'forest & scrub', '#007800'),
    ]
    assert len(entries) == 4
    with (
        ClassMap(write_map([[0, 1]], names=())) as land,
        pytest.raises(ValueError, match='has no colour table'),
    ):
        write_style(tmp_path / 'map.qml', land)


def test_failure_leaves_no_polygons(write_map, tmp_path, ids, monkeypatch):
    def fail(*arguments):
        raise OSError('disk full')

    monkeypatch.setattr(polygons, '_append', fail)
    with (
        ClassMap(write_map(ids)) as land,
        pytest.raises(OSError, match='disk full'),
    ):
        write_polygons(tmp_path / 'map.gpkg', land)
    assert [p.name for p in tmp_path.iterdir()] == ['map.tif']


def test_a_damaged_map_leaves_earlier_polygons(write_map, tmp_path, ids):
    path, target = write_map(ids, compress='deflate'), tmp_path / 'map.gpkg'
    with ClassMap(path) as land:
        write_polygons(target, land)
        place = land.file.get_tag_item('BLOCK_OFFSET_0_0', 'TIFF', bidx=1)
    before = target.read_bytes()
    with path.open('r+b') as file:
        file.seek(int(place))
        file.write(bytes(16))
    with (
        ClassMap(path) as land,
        pytest.raises(ValueError, match='map.tif cannot be read: .* again'),
    ):
        write_polygons(target, land)
    assert target.read_bytes() == before


@pytest.mark.parametrize('share', [0, 0.02, 0.3, 0.6, 0.95])
def test_a_full_disk_leaves_no_polygons(write_map, tmp_path, share):
    """At the beginning, among the polygons, and in the index at the end."""
    rng = np.random.default_rng(0)
    target = tmp_path / 'map.gpkg'
    with ClassMap(write_map(rng.integers(0, 4, (90, 90)))) as land:
        write_polygons(target, land)
        limit = int(share * target.stat().st_size)
        target.unlink()
        with (
            small_files(limit),
            pytest.raises(OSError, match=f'^{target} cannot be .*disk full'),
        ):
            write_polygons(target, land)
    assert [p.name for p in tmp_path.iterdir()] == ['map.tif']


def test_a_map_is_read_with_any_nodata(write_map, tmp_path):
    path = write_map(np.array([[0, 0, 1]]), nodata=0)
    with ClassMap(path) as land:
        assert write_polygons(tmp_path / 'map.gpkg', land) == 1
    with rasterio.open(path) as file:
        assert file.nodata == 0
