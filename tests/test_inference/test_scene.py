"""Whole scenes: the map is that of the whole image, or an error says why."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from mmseg.registry import MODELS

from multimodal_rs.inference import windowed
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows
from scene_map import run, whole
from small_network import CLASSES, PALETTE


@pytest.mark.parametrize(
    ('crop', 'stride', 'batch_size'),
    [
        (32, 16, 4),
        (32, 32, 3),
        (32, 7, 5),
        (33, 20, 1),
        (64, 1, 64),
        (500, 9, 2),
    ],
)
def test_pointwise_network_gives_the_map_of_the_whole_image(
    model, make_scene, tmp_path, crop, stride, batch_size
):
    rasters = make_scene(70, 41)
    expected = whole(model, rasters)
    percent = tmp_path / 'p.tif'
    ids = run(
        model,
        rasters,
        tmp_path / 'map.tif',
        crop=crop,
        stride=stride,
        batch_size=batch_size,
        probabilities=percent,
    )
    assert len(np.unique(ids)) >= 3
    np.testing.assert_array_equal(ids, expected.argmax(0))
    with rasterio.open(percent) as file:
        got = file.read()
    assert got.dtype == np.uint8 and got.shape == (4, 70, 41)
    # 0.5 for the rounding to whole percents
    assert abs(got - 100 * expected).max() <= 0.5 + 1e-3


def test_pixels_invalid_in_all_modalities_get_nodata(
    model, make_scene, tmp_path
):
    def edit(data):
        data['opt'][:, :10, :20] = 0
        data['opt'][0, 40:, :] = 0  # one band only: a measurement
        data['sar'][1, 5:30, 10:] = np.nan

    rasters = make_scene(edit=edit)
    percent = tmp_path / 'p.tif'
    ids = run(model, rasters, tmp_path / 'map.tif', probabilities=percent)
    nothing = np.zeros(ids.shape, bool)
    nothing[5:10, 10:20] = True
    np.testing.assert_array_equal(ids == 255, nothing)
    with rasterio.open(percent) as file:
        for band in file.read():
            np.testing.assert_array_equal(band == 255, nothing)


def test_modality_without_data_in_a_window_counts_as_missing(
    model, make_scene, tmp_path
):
    def edit(data):
        data['sar'][:, :, 32:] = np.nan

    rasters = make_scene(64, 96, edit=edit)
    ids = run(model, rasters, tmp_path / 'map.tif', stride=32)
    both = whole(model, rasters).argmax(0)
    alone = whole(model, {'opt': rasters['opt']}).argmax(0)
    np.testing.assert_array_equal(ids[:, :32], both[:, :32])
    np.testing.assert_array_equal(ids[:, 32:], alone[:, 32:])
    assert (both[:, 32:] != alone[:, 32:]).any()


def test_scene_without_any_data_is_all_nodata(model, make_scene, tmp_path):
    def edit(data):
        data['opt'][:] = 0
        data['sar'][:] = np.nan

    ids = run(model, make_scene(edit=edit), tmp_path / 'map.tif')
    assert (ids == 255).all()


@pytest.mark.parametrize('empty', [(), ('sar',), ('opt', 'sar')])
def test_rasters_without_any_data_are_named(
    model, make_scene, tmp_path, caplog, empty
):
    def edit(data):
        for name in empty:
            data[name][:] = 0 if name == 'opt' else np.nan
        data['sar'][:, 3:] = np.nan

    rasters = make_scene(edit=edit)
    run(model, rasters, tmp_path / 'map.tif')
    said = [r.message.partition(' has no valid')[0] for r in caplog.records]
    assert said == [
        f'{tmp_path / "map.tif"}: {name} of {rasters[name]}' for name in empty
    ]


@pytest.mark.parametrize('heads', [True, False])
@pytest.mark.parametrize('name', ['opt', 'sar'])
def test_subset_of_the_modalities(
    make_config, make_scene, tmp_path, name, heads
):
    model = MODELS.build(make_config(heads=heads)).eval()
    rasters = {name: make_scene()[name]}
    ids = run(model, rasters, tmp_path / 'map.tif')
    np.testing.assert_array_equal(ids, whole(model, rasters).argmax(0))


@pytest.mark.parametrize('size', [(1, 1), (5, 70), (20, 11)])
def test_scene_smaller_than_a_window(model, make_scene, tmp_path, size):
    rasters = make_scene(*size)
    ids = run(model, rasters, tmp_path / 'map.tif')
    assert ids.shape == size
    np.testing.assert_array_equal(ids, whole(model, rasters).argmax(0))


def test_padding_of_the_preprocessor_is_cut_off(
    make_config, make_scene, tmp_path
):
    model = MODELS.build(make_config(size_divisor=48)).eval()
    rasters = make_scene()
    plain = MODELS.build(make_config()).eval()
    plain.load_state_dict(model.state_dict())
    ids = run(model, rasters, tmp_path / 'map.tif')
    np.testing.assert_array_equal(ids, whole(plain, rasters).argmax(0))


def test_only_windows_are_read_and_only_a_band_is_kept(
    model, make_scene, tmp_path, monkeypatch
):
    rasters = make_scene(200, 90)
    read, bands = [], []
    load, band = SceneRasters._load, windowed.MovingBand

    def recording_load(self, name, window=None, out_shape=None):
        read.append(window)
        return load(self, name, window, out_shape)

    def recording_band(*arguments):
        bands.append(band(*arguments))
        return bands[-1]

    monkeypatch.setattr(SceneRasters, '_load', recording_load)
    monkeypatch.setattr(windowed, 'MovingBand', recording_band)
    run(model, rasters, tmp_path / 'map.tif')
    assert max(bottom - top for (top, bottom), _ in read) <= 32
    assert max(right - left for _, (left, right) in read) <= 32
    assert [b.sums.shape for b in bands] == [(4, 32, 90)]


def test_memory_does_not_grow_with_the_height(model, make_scene, tmp_path):
    width, crop = 300, 32
    peaks = []
    for height in (300, 1500):
        rasters = make_scene(height, width, folder=f'h{height}')
        tracemalloc.start()
        run(
            model,
            rasters,
            tmp_path / f'{height}.tif',
            crop=crop,
            stride=crop,
            probabilities=tmp_path / f'p{height}.tif',
        )
        # run() itself reads the whole map at the end
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    classes = len(CLASSES)
    bound = 24 * classes * crop * width + 1500 * (classes + 1) * width
    assert max(peaks) < bound + 2e6  # and the windows in the network
    assert peaks[1] < 1.2 * peaks[0] + 1500 * width


@pytest.mark.parametrize(
    ('change', 'error', 'expected'),
    [
        (dict(output='map.png'), ValueError, 'maps are GeoTIFFs, got'),
        (dict(output='scene/opt.tif'), ValueError, 'is the input .*opt.tif'),
        (dict(probabilities='map.tif'), ValueError, 'are one file'),
        (dict(batch_size=0), ValueError, 'at least 1, got 0'),
        (dict(stride=40), ValueError, 'got stride 40 with crop 32'),
        (dict(rasters=dict(dem='x.tif')), KeyError, r"'dem'.*'opt', 'sar'"),
        (dict(rasters={}), KeyError, 'expected one for some or all of'),
        (
            dict(rasters=dict(opt='no.tif')),
            FileNotFoundError,
            'no.tif does not exist .relative paths start',
        ),
    ],
)
def test_misuse_is_explained(
    model, make_scene, tmp_path, monkeypatch, change, error, expected
):
    rasters = make_scene()
    monkeypatch.chdir(tmp_path)
    arguments = dict(rasters=rasters, output='map.tif') | change
    with pytest.raises(error, match=expected):
        run(model, **arguments)


def test_a_file_that_a_vrt_names_is_an_input(model, make_scene, tmp_path):
    rasters = make_scene()
    band = Path(rasters['opt'])
    rasters['opt'] = str(band.with_suffix('.vrt'))
    rasterio.shutil.copy(band, rasters['opt'], driver='VRT')
    before = band.read_bytes()
    with pytest.raises(ValueError, match=r'opt\.tif is the input'):
        run(model, rasters, band)
    assert band.read_bytes() == before


def test_other_number_of_classes(model, make_scene, tmp_path):
    with pytest.raises(ValueError, match='3 class names, .* 4 channels'):
        predict_scene(
            model,
            make_scene(),
            SceneFiles(tmp_path / 'map.tif'),
            CLASSES[:3],
            PALETTE[:3],
            Windows(32, 32),
            progress=False,
        )
    assert not (tmp_path / 'map.tif').exists()


def test_an_answer_that_is_not_finite_names_its_window(
    model, make_scene, tmp_path
):
    def edit(data):
        data['sar'][1, 40, 50] = 9e29  # 1e30 would be invalid

    rasters = make_scene(edit=edit)
    conv = model.backbone.branches['sar'].conv
    conv.weight.data.fill_(1e10)  # the pixel overflows
    # The branch bounds its numbers, as no real one does: undo that.
    conv.register_forward_hook(lambda module, inputs, output: output * 0)
    (tmp_path / 'out').mkdir()
    output = tmp_path / 'out' / 'map.tif'
    with pytest.raises(FloatingPointError) as error:
        run(model, rasters, output, crop=32, stride=32)
    for word in ('rows 32 to 64', 'columns 32 to 64', '9e+29', 'x 500320'):
        assert word in str(error.value), error.value
    assert rasters['sar'] in str(error.value)
    assert os.listdir(tmp_path / 'out') == []
