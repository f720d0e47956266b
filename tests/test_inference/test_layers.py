"""What the files of a scene are, and what stands in them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo.cogeo import cog_validate

from helpers import small_files
from multimodal_rs.apis import SceneMapper
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.inference.layers import answered_layer, class_layer
from multimodal_rs.inference.maps import layer_file
from multimodal_rs.inference.provenance import checkpoint_identity
from multimodal_rs.utils.files import atomic_path
from small_network import CLASSES, PALETTE


@pytest.fixture
def mapper(model):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    return SceneMapper(model, crop=128, stride=64)


def holes(data):
    data['opt'][:, :40, :50] = 0
    data['sar'][:, 20:70, :] = np.nan


def read(path):
    with rasterio.open(path) as file:
        return file.read()


def test_files_are_cloud_optimised_and_say_where_they_come_from(
    mapper, make_scene, tmp_path
):
    (tmp_path / 'best.pth').write_bytes(b'weights')
    mapper.model.checkpoint_identity = checkpoint_identity(
        tmp_path / 'best.pth'
    )
    names = ('out', 'probabilities', 'confidence', 'answered')
    paths = {name: tmp_path / f'{name}.tif' for name in names}
    mapper.map(make_scene(600, 530, edit=holes), **paths)
    for path in paths.values():
        assert cog_validate(path, strict=True) == (True, [], [])
        with rasterio.open(path) as file:
            assert file.overviews(1) == [2, 4]
            tags = file.tags()
        assert tags['modalities'] == 'opt, sar'
        assert tags['rasters'] == 'opt=opt.tif sar=sar.tif'
        assert tags['windows'] == 'crop 128, stride 64'
        assert tags['software'].startswith('multimodal_rs ')
        assert {'product', 'commit', 'date'} <= set(tags)
        assert tags['checkpoint'] == 'best.pth'
        expected = hashlib.sha256(b'weights').hexdigest()
        assert tags['checkpoint_sha256'] == expected


def test_overviews_keep_classes_and_average_measures(
    mapper, make_scene, tmp_path
):
    files = tmp_path / 'map.tif', tmp_path / 'p.tif'
    # noise in squares of four pixels: quarters of it are whole squares
    mapper.map(make_scene(520, 520), files[0], probabilities=files[1])
    with rasterio.open(files[0], overview_level=0) as file:
        reduced = file.read(1)
    squares = read(files[0])[0].reshape(260, 2, 260, 2)
    clear = (squares == squares[:, :1, :, :1]).all((1, 3))
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(reduced[clear], squares[:, 0, :, 0][clear])
    with rasterio.open(files[1], overview_level=0) as file:
        reduced = file.read(1)
    mean = read(files[1])[0].reshape(260, 2, 260, 2).mean((1, 3))
    assert abs(reduced - mean).max() <= 0.5


def test_confidence_and_margin_follow_from_the_probabilities(
    mapper, make_scene, tmp_path
):
    rasters = make_scene(90, 60, edit=holes)
    mapper.map(rasters, tmp_path / 'map.tif', confidence=tmp_path / 'c.tif')
    with rasterio.open(tmp_path / 'c.tif') as file:
        assert file.descriptions == ('confidence', 'margin')
        assert file.units == ('percent', 'percent') and file.nodata == 255
    ids, chances = mapper.predict(rasters, probabilities=True)
    ordered = np.sort(chances, axis=0)
    expected = np.stack([ordered[-1], ordered[-1] - ordered[-2]])
    found = read(tmp_path / 'c.tif')
    empty = ids == 255
    assert empty.any() and (found[:, empty] == 255).all()
    assert abs(found - 100 * expected)[:, ~empty].max() <= 0.5 + 1e-3


def test_modalities_that_answered_are_counted_per_pixel(
    mapper, make_scene, tmp_path
):
    rasters = make_scene(90, 60, edit=holes)
    mapper.map(rasters, tmp_path / 'map.tif', answered=tmp_path / 'a.tif')
    expected = np.full((90, 60), 3)
    expected[:40, :50] -= 1
    expected[20:70] -= 2
    expected[expected == 0] = 255
    np.testing.assert_array_equal(read(tmp_path / 'a.tif')[0], expected)
    with rasterio.open(tmp_path / 'a.tif') as file:
        names = [file.tags(1)[f'CLASS_{i}'] for i in (1, 2, 3)]
        colours = {file.colormap(1)[i] for i in (1, 2, 3)}
    assert names == ['opt', 'sar', 'opt+sar'] and len(colours) == 3
    text = Path(tmp_path / 'a.tif.aux.xml').read_text()
    assert '<Category></Category>\n      <Category>opt</Category>' in text


def test_subsets_of_many_modalities():
    layer = answered_layer('abcdefg')
    assert len(layer.classes) == 127
    assert layer.names[127] == 'a+b+c+d+e+f+g'
    with pytest.raises(ValueError, match=r"7 of them apart, got \['a'"):
        answered_layer('abcdefgh')


@pytest.mark.parametrize('limit', [2_000, 100_000, 330_000])
def test_a_full_disk_leaves_nothing(tmp_path, limit):
    """While rows are written, and while overviews are; by a limit of size."""
    folder = tmp_path / 'maps'
    layer = class_layer(CLASSES, PALETTE)
    noise = np.random.default_rng(0).integers(0, 4, (1, 1000, 1000), 'uint8')
    with (
        small_files(limit),
        pytest.raises(OSError, match='is the disk full'),
        atomic_path(folder / 'map.tif') as path,
        layer_file(path, Grid((1000, 1000)), layer, {}) as writer,
    ):
        for top in range(0, 1000, 100):
            writer.add(noise[:, top : top + 100])
    assert list(folder.iterdir()) == []


def test_time_is_told_apart(mapper, make_scene, tmp_path):
    watch = mapper.map(make_scene(), tmp_path / 'map.tif')
    assert list(watch.seconds) == ['reading', 'network', 'blending', 'writing']
    assert all(s > 0 for s in watch.seconds.values())
    assert watch.seconds['network'] < watch.whole
