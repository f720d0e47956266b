"""Networks and scenes from Python: arrays and files give the same map."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config

from helpers import ROOT
from multimodal_rs.apis import SceneMapper, init_model
from small_network import CLASSES, PALETTE


@pytest.fixture
def files(make_config, model, tmp_path):
    """Write a config and a checkpoint as a training leaves them."""
    config = Config(dict(model=make_config(), default_scope='mmseg'))
    config.dump(tmp_path / 'config.py')
    meta = dict(
        classes=CLASSES,
        palette=[list(c) for c in PALETTE],
        modalities=config.model.data_preprocessor.modalities.to_dict(),
    )
    content = dict(meta=dict(dataset_meta=meta), state_dict=model.state_dict())
    torch.save(content, tmp_path / 'last.pth')
    return tmp_path / 'config.py', tmp_path / 'last.pth'


@pytest.fixture
def mapper(files):
    return SceneMapper(init_model(*files), crop=32)


def arrays(rasters):
    """Read files as rasterio hands them out, (C, H, W)."""
    read = {}
    for name, path in rasters.items():
        with rasterio.open(path) as file:
            read[name] = file.read()
    return read


def map_of(mapper, rasters, path, **options):
    mapper.map(rasters, path, **options)
    with rasterio.open(path) as file:
        return file.read(1)


def test_readme_maps_scenes(files, mapper, make_scene, tmp_path, monkeypatch):
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    (example,) = re.findall(r'```python\n(from mult.*?)```', text, re.DOTALL)
    rasters = make_scene()
    for name, wanted in dict(opt='s2.tif', sar='s1.tif').items():
        Path(rasters[name]).rename(tmp_path / wanted)
    files[1].rename(tmp_path / 'checkpoint.pth')
    monkeypatch.chdir(tmp_path)
    data = arrays(dict(opt='s2.tif', sar='s1.tif'))
    names = dict(optical=data['opt'], radar=data['sar'])
    exec(example.replace("'auto'", "'cpu'"), names)
    with rasterio.open('map.tif') as made:
        np.testing.assert_array_equal(made.read(1), names['classes'])


def test_model_says_what_it_is(files, mapper):
    model = init_model(files[0], files[1], device='auto')
    assert not model.training
    assert model.dataset_meta['classes'] == CLASSES
    assert model.dataset_meta['palette'] == PALETTE
    assert model.cfg.model.type == 'MultiModalEncoderDecoder'
    assert mapper.classes == CLASSES and mapper.palette == PALETTE
    assert list(mapper.modalities) == ['opt', 'sar']
    assert mapper.modalities['opt'].bands == (2, 1, 0)
    assert mapper.windows.stride == 16


def test_what_stands_for_a_missing_modality(files):
    assert init_model(*files).data_preprocessor.missing == 'black'
    model = init_model(*files, missing='mean')
    assert model.data_preprocessor.missing == 'mean'


def test_map_of_files_and_prediction_of_files_agree(
    mapper, make_scene, tmp_path
):
    rasters = make_scene()
    expected = map_of(mapper, rasters, tmp_path / 'map.tif')
    ids = mapper.predict(rasters)
    assert ids.dtype == np.uint8 and len(np.unique(ids)) >= 3
    np.testing.assert_array_equal(ids, expected)


def test_arrays_give_the_same_as_files(mapper, make_scene):
    rasters = make_scene()
    expected = mapper.predict(rasters)
    data = arrays(rasters)
    np.testing.assert_array_equal(mapper.predict(data), expected)
    for name, rest in (('opt', 'sar'), ('sar', 'opt')):
        mixed = {name: data[name], rest: rasters[rest]}
        np.testing.assert_array_equal(mapper.predict(mixed), expected)
        np.testing.assert_array_equal(
            mapper.predict({name: data[name]}),
            mapper.predict({name: rasters[name]}),
        )


def test_probabilities_belong_to_the_classes(mapper, make_scene, tmp_path):
    def edit(data):
        data['opt'][:, :10, :20] = 0
        data['sar'][:, :12, :18] = np.nan

    rasters = make_scene(edit=edit)
    ids, chances = mapper.predict(rasters, probabilities=True)
    empty = ids == 255
    assert empty.sum() == 10 * 18 and empty[:10, :18].all()
    assert chances.shape == (4, 70, 90) and chances.dtype == np.float32
    assert np.isnan(chances[:, empty]).all()
    np.testing.assert_allclose(chances.sum(0)[~empty], 1, rtol=1e-5)
    np.testing.assert_array_equal(chances.argmax(0)[~empty], ids[~empty])
    percent = tmp_path / 'p.tif'
    map_of(mapper, rasters, tmp_path / 'map.tif', probabilities=percent)
    with rasterio.open(percent) as file:
        written = file.read()
    assert abs(written - 100 * chances)[:, ~empty].max() <= 0.5 + 1e-3


def test_masked_arrays_mean_invalid_pixels(mapper, make_scene):
    """Of `opt`, 0 in all bands is empty; masks follow the same rule."""

    def edit(data):
        data['opt'][:, :30, :40] = 0

    rasters = make_scene(edit=edit)
    data = arrays(rasters)
    masked = np.ma.masked_equal(data['opt'], 0)
    masked.mask[1, 60:, 60:] = True  # one band only
    expected = mapper.predict(dict(opt=rasters['opt']))
    assert (expected[:30, :40] == 255).all()
    np.testing.assert_array_equal(mapper.predict(dict(opt=masked)), expected)
    radar = np.ma.masked_array(data['sar'], False)
    radar[0, :5] = np.ma.masked  # of `sar` any band is enough
    ids = mapper.predict(dict(sar=radar))
    assert (ids[:5] == 255).all() and (ids[5:] != 255).all()
    assert not np.isnan(radar.data).any()  # the caller's array stays


def test_many_scenes_one_after_the_other(mapper, make_scene, tmp_path):
    sizes = [(70, 90), (20, 30), (33, 64)]
    for height, width in sizes:
        rasters = make_scene(height, width, folder=f'{height}')
        ids = map_of(mapper, rasters, tmp_path / f'{height}.tif')
        assert ids.shape == (height, width)
        np.testing.assert_array_equal(mapper.predict(arrays(rasters)), ids)


def test_arrays_take_the_grid_of_the_files_beside_them(
    mapper, make_scene, tmp_path
):
    rasters = make_scene()
    mixed = dict(opt=arrays(rasters)['opt'], sar=rasters['sar'])
    preview = tmp_path / 'map.png'
    map_of(mapper, mixed, tmp_path / 'map.tif', preview=preview)
    assert preview.stat().st_size > 100
    with rasterio.open(tmp_path / 'map.tif') as made:
        assert made.crs.to_epsg() == 32632
        assert made.transform.c == 5e5
    alone = dict(opt=mixed['opt'])
    map_of(mapper, alone, tmp_path / 'alone.tif')
    with rasterio.open(tmp_path / 'alone.tif') as made:
        assert made.crs is None


def test_single_band_array_may_have_two_axes(mapper, make_scene):
    data = arrays(make_scene())
    with pytest.raises(ValueError, match=r'has 1 bands .*bands \[1\]'):
        mapper.predict(dict(sar=data['sar'][0]))


def test_misuse_is_explained(mapper, model, make_scene):
    data = arrays(make_scene())
    last = {name: array.transpose(1, 2, 0) for name, array in data.items()}
    # (70, 90, 3): rows taken for bands, the sizes cannot agree.
    with pytest.raises(ValueError, match=r'\(90, 3\) of opt and \(90, 2\)'):
        mapper.predict(last)
    with pytest.raises(ValueError, match=r'must have the axes \(C, H, W\)'):
        mapper.predict(dict(opt=data['opt'][None]))
    with pytest.raises(KeyError, match=r"'dem'.*'opt', 'sar'"):
        mapper.predict(dict(dem=data['opt']))
    with pytest.raises(ValueError, match='complex'):
        mapper.predict(dict(sar=data['sar'] + 1j))
    with pytest.raises(TypeError, match='make it with .*init_model'):
        SceneMapper(model)
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    with pytest.raises(ValueError, match='stride 40 with crop 32'):
        SceneMapper(model, crop=32, stride=40)
    with pytest.raises(ValueError, match='batch_size must be at least 1'):
        SceneMapper(model, batch_size=0)


def test_missing_files_are_named(files, tmp_path):
    with pytest.raises(FileNotFoundError, match='none.py'):
        init_model(tmp_path / 'none.py', files[1])
    with pytest.raises(FileNotFoundError, match='none.pth'):
        init_model(files[0], tmp_path / 'none.pth')
