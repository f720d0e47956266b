"""Whole scenes: the map is that of the whole image, on the right grid."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from rasterio.crs import CRS

from multimodal_rs.datasets.io.raster import check_written
from multimodal_rs.inference import windowed
from multimodal_rs.inference.maps import write_category_names
from multimodal_rs.inference.preview import save_preview
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.scene import SceneFiles, predict_scene
from multimodal_rs.inference.windowed import Windows, network_modalities
from multimodal_rs.utils.windows import Window

CLASSES = ('water', 'forest & scrub', 'crops', 'built')
PALETTE = ((0, 0, 255), (0, 120, 0), (240, 200, 0), (200, 30, 30))


def run(model, rasters, output, **arguments):
    windows = dict(crop=32, stride=16) | {
        key: arguments.pop(key)
        for key in ('crop', 'stride', 'batch_size')
        if key in arguments
    }
    predict_scene(
        model,
        rasters,
        SceneFiles(output, **arguments),
        CLASSES,
        PALETTE,
        Windows(**windows),
        progress=False,
    )
    with rasterio.open(output) as file:
        return file.read(1)


@torch.no_grad()
def whole(model, rasters):
    """Probabilities of one forward pass over everything, (K, H, W)."""
    with SceneRasters(rasters, network_modalities(model)) as scene:
        images = scene.read(Window(0, 0, *scene.size))
    batch = model.data_preprocessor(
        dict(
            inputs={m: [torch.from_numpy(x)] for m, x in images.items()},
            data_samples=[
                SegDataSample(metainfo=dict(present_modalities=tuple(rasters)))
            ],
        )
    )
    metas = [s.metainfo for s in batch['data_samples']]
    logits = model.encode_decode(batch['inputs'], metas)
    return logits.softmax(1)[0].numpy()


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


def test_scene_without_crs(model, make_scene, tmp_path):
    plain = dict(crs=None, transform=rasterio.Affine.identity())
    rasters = make_scene(opt=plain, sar=plain)
    run(model, rasters, tmp_path / 'map.tif')
    with rasterio.open(tmp_path / 'map.tif') as file:
        assert file.crs is None


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


def test_a_map_that_the_disk_cut_off_is_noticed(tmp_path):
    path = tmp_path / 'map.tif'
    profile = dict(driver='GTiff', dtype='uint8', count=1, tiled=True)
    profile.update(blockxsize=256, blockysize=256, compress='deflate')
    noise = np.random.default_rng(0).integers(0, 255, (600, 600), 'uint8')
    with rasterio.open(path, 'w', height=600, width=600, **profile) as file:
        file.write(noise, 1)
    check_written(path)
    for size in (path.stat().st_size - 200, 1000):
        path.write_bytes(path.read_bytes()[:size])
        with pytest.raises(OSError, match='is the disk full'):
            check_written(path)


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
