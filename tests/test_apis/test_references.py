"""A reference that does not fit is found before a scene is mapped."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio import Affine

from multimodal_rs.apis import IncompleteError, Products, SceneMapper
from small_network import CLASSES, GRID, PALETTE

SIZE = 50, 60  # (H, W) of the scene
ELSEWHERE = Affine(10, 0, 7e5, 0, -10, 6e6)
SMALLER = Affine(5, 0, 5e5, 0, -5, 6e6)


@pytest.fixture
def mapper(model):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    return SceneMapper(model, crop=32)


@pytest.fixture
def write(tmp_path):
    """Write a reference on the grid of the scene, or on another one."""

    def write(ids, name='truth.tif', bands=1, dtype='uint8', **grid):
        ids = np.broadcast_to(ids, (bands, *SIZE)).astype(dtype)
        with rasterio.open(
            tmp_path / name,
            'w',
            driver='GTiff',
            count=bands,
            height=SIZE[0],
            width=SIZE[1],
            dtype=dtype,
            **(GRID | grid),
        ) as file:
            file.write(ids)
        return tmp_path / name

    return write


def compared(folder, reference, ids=None):
    return Products(
        accuracy=folder / 'tables', reference=reference, reference_ids=ids
    )


@pytest.mark.parametrize(
    ('ids', 'options', 'said'),
    [
        (0, dict(bands=3), 'expected one band of whole numbers, got 3'),
        (0, dict(dtype='complex64'), 'got 1 of complex64'),
        (7, {}, r'the numbers \[7\] are no classes of the map, expected \[0'),
        (255, {}, r'none of its pixels on the map has a class, expected some'),
        (
            0,
            dict(transform=ELSEWHERE),
            'covers 700000 to 700600 and .*, the grid 500000 to 500600 and ',
        ),
        (0, dict(transform=SMALLER, crs=None), 'and no reference system or'),
    ],
)
def test_a_raster_that_does_not_fit(
    mapper, make_scene, write, tmp_path, monkeypatch, ids, options, said
):
    rasters, path = make_scene(*SIZE), write(ids, **options)
    monkeypatch.setattr(mapper.model, 'encode_decode', None)
    with pytest.raises(ValueError, match=f'^reference {path}.* {said}'):
        mapper.map(
            *(rasters, tmp_path / 'map.tif'),
            products=compared(tmp_path, path),
        )
    assert not (tmp_path / 'map.tif').exists()
    assert not (tmp_path / 'tables').exists()


@pytest.mark.parametrize(
    ('table', 'said'),
    [
        ('x;y;class\n1;2;3', 'columns x, y, class'),
        ('x,y,class\n9,54,1', 'none of 1 points lies on the map'),
        ('x,y,class\n500005,5999995,meadow', "line 2: the class 'meadow'"),
    ],
)
def test_points_that_do_not_fit(
    mapper, make_scene, tmp_path, monkeypatch, table, said
):
    rasters, path = make_scene(*SIZE), tmp_path / 'points.csv'
    path.write_text(table)
    monkeypatch.setattr(mapper.model, 'encode_decode', None)
    with pytest.raises(ValueError, match=f'{path}.*{said}'):
        mapper.map(
            *(rasters, tmp_path / 'map.tif'),
            products=compared(tmp_path, path),
        )
    assert not (tmp_path / 'map.tif').exists()


def test_classes_that_the_network_does_not_have(
    mapper, make_scene, write, tmp_path
):
    products = compared(tmp_path, write(7), {7: 9})
    with pytest.raises(ValueError, match=r'stand for \[9\], which the map'):
        mapper.map(make_scene(*SIZE), tmp_path / 'map.tif', products=products)
    assert not (tmp_path / 'map.tif').exists()


def test_a_reference_that_fits(mapper, make_scene, write, tmp_path):
    """By raster and by points; arrays do not say where they lie."""
    rasters = make_scene(*SIZE)
    products = compared(tmp_path, write(7), {7: 2})
    mapper.map(rasters, tmp_path / 'map.tif', products=products)
    assert (tmp_path / 'tables' / 'land_cover.json').exists()
    points = tmp_path / 'points.csv'
    points.write_text(f'x,y,class\n500005,5999995,{CLASSES[1]}\n')
    report = mapper.map(
        *(rasters, tmp_path / 'map.tif'), products=compared(tmp_path, points)
    )
    assert report.said[0].startswith('Numbers of the reference: 0 ')
    with rasterio.open(rasters['opt']) as file:
        bands = file.read()
    products = compared(tmp_path, write(2))
    mapper.map({'opt': bands}, Path(tmp_path, 'b.tif'), products=products)


def test_a_preview_shows_the_reference(mapper, make_scene, write, tmp_path):
    rasters = make_scene(*SIZE)
    sparse = np.full(SIZE, 255)
    sparse[10:20, 5:9] = 1
    products = compared(tmp_path, write(sparse))
    sheets = []
    for name, asked in (('without', Products()), ('with', products)):
        target = tmp_path / f'{name}.png'
        mapper.map(
            rasters, tmp_path / 'map.tif', preview=target, products=asked
        )
        with Image.open(target) as sheet:
            sheets.append(np.asarray(sheet.convert('RGB')))
    # Two pictures more in the row: what is known, and where the map errs.
    without, known = (sheet.shape[1] for sheet in sheets)
    assert known > 1.5 * without


def test_a_map_that_cannot_be_compared_is_said_to_be_there(
    mapper, make_scene, tmp_path
):
    """That the map has no class at the only point is known afterwards."""

    def edit(data):
        data['opt'][:, :20] = 0
        data['sar'][:, :20] = np.nan

    points = tmp_path / 'points.csv'
    points.write_text(f'x,y,class\n500005,5999995,{CLASSES[1]}\n')
    expected = (
        f'^{tmp_path}/map.tif is written, but it is not compared with the '
        'reference: .* not count: 1 of 1: 1 where the map has no class'
    )
    with pytest.raises(IncompleteError, match=expected) as caught:
        mapper.map(
            *(make_scene(*SIZE, edit=edit), tmp_path / 'map.tif'),
            products=compared(tmp_path, points),
        )
    assert caught.value.report.whole > 0
    with rasterio.open(tmp_path / 'map.tif') as file:
        assert file.shape == SIZE
