"""The page of a map, from files that were written by the project."""

import base64
import io
import json
import re

import numpy as np
import pytest
import rasterio
from PIL import Image

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.layers import (
    answered_layer,
    class_layer,
    confidence_layer,
)
from multimodal_rs.inference.maps import layer_file
from multimodal_rs.products.accuracy import write_map_accuracy
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.reports import map_report
from multimodal_rs.reports.map_report import MapFiles, map_page
from multimodal_rs.reports.page import render

SIZE = (48, 64)
PLACE = rasterio.Affine(10, 0, 600_000, 0, -10, 5_300_000)
CLASSES, PALETTE = ('sea', 'land'), ((0, 0, 255), (0, 255, 0))


def write(path, layer, bands, crs='EPSG:32632', place=PLACE):
    grid = Grid(SIZE, rasterio.CRS.from_string(crs) if crs else None, place)
    tags = dict(software='ours', commit='abc')
    with layer_file(path, grid, layer, tags) as writer:
        writer.add(np.asarray(bands, np.uint8))
    return path


@pytest.fixture
def scene(tmp_path):
    """A map whose left half is sea, of which 8 columns are wrong."""
    ids = np.ones(SIZE, np.uint8)
    ids[:, :32] = 0
    truth = ids.copy()
    truth[:, 24:32] = 1
    sure = np.full(SIZE, 90, np.uint8)
    sure[:, 24:32] = 60
    seen = np.full(SIZE, 3)
    seen[:, :8] = 1
    layer = class_layer(CLASSES, PALETTE)
    write(tmp_path / 'truth.tif', layer, truth[None])
    write(tmp_path / 'confidence.tif', confidence_layer(), [sure, sure])
    write(tmp_path / 'seen.tif', answered_layer(['opt', 'sar']), [seen])
    with ClassMap(write(tmp_path / 'map.tif', layer, ids[None])) as land:
        write_map_accuracy(tmp_path / 'acc', land, tmp_path / 'truth.tif')
    return tmp_path


def files(scene, **more):
    rasters = dict(
        opt=np.random.default_rng(0).random((3, *SIZE), np.float32),
        sar=np.zeros((1, *SIZE), np.float32),
    )
    shown = dict(range=[0, 1])
    modalities = build_modalities(
        dict(
            opt=dict(bands=[0, 1, 2], unit='reflectance', display=shown),
            sar=dict(bands=[0], unit='dB', display=shown),
        )
    )
    return MapFiles(scene / 'map.tif', rasters, modalities, **more)


def test_a_map_alone(scene):
    text = render(map_page(files(scene)))
    assert '<h1>map.tif</h1>' in text and '64 x 48 pixels, EPSG:32632' in text
    # 48 x 64 pixels of 100 square metres, half of them sea.
    assert '<dd>30.72 ha</dd>' in text and text.count('15.36 ha') == 2
    layers = re.findall(r'data-group="(\w+)"[^>]* alt="(\w+)"', text)
    assert layers == [('below', 'opt'), ('below', 'sar'), ('above', 'map')]
    assert 'id="accuracy"' not in text and 'id="confidence"' not in text
    assert 'abc' in text


def test_everything_that_is_known(scene):
    text = render(
        map_page(
            files(
                scene,
                accuracy=scene / 'acc',
                confidence=scene / 'confidence.tif',
                answered=scene / 'seen.tif',
            )
        )
    )
    layers = re.findall(r'data-group="above"[^>]* alt="(\w+)"', text)
    assert layers == ['map', 'errors', 'confidence', 'sensors']
    assert '<dt>OA</dt><dd>87.50</dd>' in text
    # Surely right: 90 % of 7/8; 60 % sure and wrong: 1/8.
    error = 100 * (7 / 8 * 0.1 + 1 / 8 * 0.6)
    assert f'calibration error {error:.2f} percent' in text
    assert 'opt+sar' in text and '>opt<' in text
    assert '±' in text  # area-adjusted


@pytest.mark.parametrize(
    ('crs', 'said'),
    [(None, 'no reference system'), ('EPSG:3413', 'EPSG:3413')],
)
def test_a_map_without_areas_has_shares(scene, crs, said):
    """Around a pole, areas change within a row."""
    arctic = rasterio.Affine(5e4, 0, -15e5, 0, -5e4, 12e5)
    layer = class_layer(CLASSES, PALETTE)
    write(scene / 'map.tif', layer, np.zeros((1, *SIZE)), crs, arctic)
    text = render(map_page(files(scene)))
    assert said in text and '100.0 %' in text
    assert ' ha<' not in text


def test_a_map_of_another_program(scene):
    """Numbers of 16 bits with nodata, and neither names nor colours."""
    ids = np.where(np.indices(SIZE)[1] < 32, -9999, 1).astype('int16')
    profile = dict(driver='GTiff', height=48, width=64, count=1)
    profile |= dict(dtype='int16', nodata=-9999, transform=PLACE, crs=32632)
    with rasterio.open(scene / 'map.tif', 'w', **profile) as file:
        file.write(ids, 1)
    text = render(map_page(files(scene)))
    assert text.count('15.36 ha') == 2  # altogether, and in the legend
    picture = re.search(r'png;base64,([^"]+)" alt="map"', text)[1]
    with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
        seen = np.asarray(image)[..., 3]
    np.testing.assert_array_equal(seen, np.where(ids == 1, 255, 0))


@pytest.mark.parametrize('layer', ['confidence', 'answered', 'errors'])
@pytest.mark.parametrize(
    ('size', 'crs', 'east', 'got'),
    [
        ((16, 16), 32632, 600_000, 'another size'),
        (SIZE, 32633, 600_000, 'another CRS'),
        (SIZE, 32632, 700_000, 'another transform'),
    ],
)
def test_files_of_another_map_are_named(scene, layer, size, crs, east, got):
    other = scene / f'{layer}.tif'
    profile = dict(driver='GTiff', height=size[0], width=size[1], count=1)
    place = rasterio.Affine(10, 0, east, 0, -10, 5_300_000)
    profile |= dict(dtype='uint8', crs=crs, transform=place)
    with rasterio.open(other, 'w', **profile) as file:
        file.write(np.zeros((1, *size), np.uint8))
    key, named = ('accuracy', scene) if layer == 'errors' else (layer, other)
    with pytest.raises(ValueError, match=rf'{layer}.tif must lie on.* {got}'):
        map_page(files(scene, **{key: named}))


def test_colours_are_those_of_the_names(scene, monkeypatch):
    """A comparison has no row of a class that neither side has."""
    file = scene / 'acc' / 'land_cover.json'
    content = json.loads(file.read_text())
    content['classes'].reverse()
    content['classes'][1]['class'] = 'rock'
    file.write_text(json.dumps(content))
    palettes = []

    def blocks(accuracy, palette, subsets):
        palettes.append(palette)
        return []

    monkeypatch.setattr(map_report, 'accuracy_blocks', blocks)
    map_page(files(scene, accuracy=scene / 'acc'))
    assert palettes == [[PALETTE[1], map_report.GREY]]
