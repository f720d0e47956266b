"""The files of a map: what stands in them and beside them, and a preview."""

import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
from mmseg.registry import MODELS
from rasterio.crs import CRS

from multimodal_rs.inference.maps import write_category_names
from multimodal_rs.inference.preview import save_preview
from multimodal_rs.inference.windowed import network_modalities
from scene_map import run
from small_network import CLASSES, PALETTE, spread


def test_map_has_grid_nodata_colours_and_names(model, make_scene, tmp_path):
    rasters = make_scene(300, 270)
    output, percent = tmp_path / 'map.tif', tmp_path / 'p.tif'
    run(model, rasters, output, crop=128, stride=128, probabilities=percent)
    with rasterio.open(output) as file, rasterio.open(rasters['opt']) as opt:
        assert file.crs == opt.crs == CRS.from_epsg(32632)
        assert file.transform == opt.transform
        assert file.shape == (300, 270)
        assert file.dtypes == ('uint8',) and file.nodata == 255
        assert file.profile['compress'] == 'deflate'
        assert file.block_shapes == [(256, 256)]
        colours = file.colormap(1)
        assert [colours[i][:3] for i in range(4)] == list(PALETTE)
        assert colours[255] == (0, 0, 0, 0)
        tags = file.tags(1)
        assert [tags[f'CLASS_{i}'] for i in range(4)] == list(CLASSES)
        assert file.tags()['modalities'] == 'opt, sar'
    with rasterio.open(percent) as file:
        assert file.descriptions == CLASSES and file.nodata == 255
        assert file.crs == CRS.from_epsg(32632)
        assert file.units == ('percent',) * 4


def test_category_names_are_read_by_gdal(model, make_scene, tmp_path):
    output = tmp_path / 'map.tif'
    run(model, make_scene(), output)
    rasterio.shutil.copy(str(output), str(tmp_path / 'm.vrt'), driver='VRT')
    text = (tmp_path / 'm.vrt').read_text()
    assert '<Category>water</Category>' in text
    assert '<Category>forest &amp; scrub</Category>' in text
    write_category_names(output, ['a'])
    assert 'water' not in Path(f'{output}.aux.xml').read_text()


def test_scene_without_crs(model, make_scene, tmp_path):
    plain = dict(crs=None, transform=rasterio.Affine.identity())
    rasters = make_scene(opt=plain, sar=plain)
    run(model, rasters, tmp_path / 'map.tif')
    with rasterio.open(tmp_path / 'map.tif') as file:
        assert file.crs is None


def test_nothing_is_left_beside_the_maps(model, make_scene, tmp_path):
    folder = tmp_path / 'maps'
    run(
        model,
        make_scene(),
        folder / 'map.tif',
        probabilities=folder / 'p.tif',
    )
    found = sorted(os.listdir(folder))
    assert found == ['map.tif', 'map.tif.aux.xml', 'p.tif']


def test_failure_leaves_nothing_and_keeps_the_old_map(
    model, make_scene, tmp_path, monkeypatch
):
    rasters = make_scene()
    folder = tmp_path / 'maps'
    folder.mkdir()
    (folder / 'map.tif').write_text('the old map')
    calls = []

    def fail_later(inputs, metas):
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError('out of memory')
        return torch.zeros(len(metas), 4, 32, 32)

    monkeypatch.setattr(model, 'encode_decode', fail_later)
    with pytest.raises(RuntimeError, match='out of memory'):
        run(
            model,
            rasters,
            folder / 'map.tif',
            probabilities=folder / 'p.tif',
        )
    assert os.listdir(folder) == ['map.tif']
    assert (folder / 'map.tif').read_text() == 'the old map'


def test_pyramids_of_an_earlier_map_are_removed(model, make_scene, tmp_path):
    output, percent = tmp_path / 'map.tif', tmp_path / 'percent.tif'
    rasters = make_scene(40, 50)
    run(model, rasters, output, probabilities=percent)
    for path in (output, percent):
        for suffix in ('.ovr', '.aux.xml'):
            Path(f'{path}{suffix}').write_text('old')
    run(model, rasters, output, probabilities=percent)
    assert not list(tmp_path.glob('*.ovr'))
    assert not Path(f'{percent}.aux.xml').exists()
    assert '<Category>' in Path(f'{output}.aux.xml').read_text()


def test_preview_shows_modalities_and_map(model, make_scene, tmp_path):
    from PIL import Image

    rasters = make_scene(40, 60)
    run(model, rasters, tmp_path / 'map.tif')
    pictures = []
    for number, wanted in enumerate((rasters, {'opt': rasters['opt']})):
        target = tmp_path / f'{number}.png'
        save_preview(
            target,
            tmp_path / 'map.tif',
            wanted,
            network_modalities(model),
            CLASSES,
            PALETTE,
            cell=120,
        )
        pictures.append(np.asarray(Image.open(target)))
    assert pictures[0].shape == pictures[1].shape
    assert (pictures[0] != pictures[1]).any()
    for colour in PALETTE:  # in the legend and in the map
        assert (pictures[0] == colour).all(-1).sum() > 300


def test_a_raster_may_be_a_part_of_a_file(model, make_scene, tmp_path):
    rasters = make_scene(40, 60)
    expected = run(model, rasters, tmp_path / 'whole.tif')
    pages = tmp_path / 'pages.tif'
    with rasterio.open(rasters['opt']) as file:
        data, profile = file.read(), file.profile
    for page in (np.zeros_like(data), data):
        append = dict(APPEND_SUBDATASET='YES') if pages.exists() else {}
        with rasterio.open(pages, 'w', **profile, **append) as file:
            file.write(page)
    part = f'GTIFF_DIR:2:{pages}'
    found = run(model, rasters | dict(opt=part), tmp_path / 'part.tif')
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match=r'is the input'):
        run(model, rasters | dict(opt=part), pages)


def test_what_stands_for_a_missing_sensor(make_config, make_scene, tmp_path):
    """The map of a network without modality heads changes, and says so."""
    network = spread(MODELS.build(make_config(heads=False)))
    rasters = make_scene(40, 60)
    maps, tags = {}, {}
    for missing in ('black', 'mean', dict(sar=[-12.0, -18.0])):
        network.data_preprocessor.set_missing(missing)
        output = tmp_path / f'{len(maps)}.tif'
        maps[str(missing)] = run(network, dict(opt=rasters['opt']), output)
        with rasterio.open(output) as file:
            tags[str(missing)] = file.tags().get('missing')
    black, mean, values = maps.values()
    assert (black != mean).any()
    np.testing.assert_array_equal(mean, values)
    assert list(tags.values()) == [None, *list(tags)[1:]]
