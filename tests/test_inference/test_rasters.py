"""Rasters of a scene share a grid and are mirrored at the border."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.crs import CRS
from scipy.io import savemat

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.inference.grids import SceneGrid
from multimodal_rs.inference.rasters import SceneRasters, reduced_shape
from multimodal_rs.inference.windowed import network_modalities
from multimodal_rs.utils.windows import Window


def load(model, rasters, window=None):
    window = window or Window(0, 0, 8, 8)
    with SceneRasters(rasters, network_modalities(model)) as scene:
        return scene.read(window)


def test_border_is_mirrored(model, make_scene):
    def edit(data):
        data['opt'][:] = 1 + np.arange(3 * 6 * 9).reshape(3, 6, 9)

    rasters = make_scene(6, 9, edit=edit)
    inside = load(model, rasters, Window(0, 0, 6, 9))['opt']
    beyond = load(model, rasters, Window(-3, -2, 8, 9))['opt']
    assert beyond.shape == (3, 11, 11)
    np.testing.assert_array_equal(beyond[:, 3:9, 2:], inside)
    np.testing.assert_array_equal(beyond[:, :3, 2:], inside[:, 2::-1])
    np.testing.assert_array_equal(beyond[:, 9:, 2:], inside[:, :3:-1])
    np.testing.assert_array_equal(beyond[:, 3:9, :2], inside[:, :, 1::-1])


def test_exact_grid_is_not_asked_for(model, make_scene):
    shifted = dict(transform=rasterio.Affine(10, 0, 5e5 + 0.01, 0, -10, 6e6))
    load(model, make_scene(sar=shifted))


def test_truncated_raster_is_named(model, make_scene):
    rasters = make_scene(200, 200)
    content = Path(rasters['sar']).read_bytes()
    Path(rasters['sar']).write_bytes(content[: len(content) // 2])
    everything = Window(0, 0, 200, 200)
    with pytest.raises(ValueError, match='sar.tif cannot be read') as error:
        load(model, rasters, everything)
    assert 'again, or map the scene without it.' in str(error.value)
    assert 'split list' not in str(error.value)


def test_too_few_bands_are_named(model, make_scene):
    def edit(data):
        data['opt'] = data['opt'][:2]

    with pytest.raises(
        ValueError, match=r"opt.tif \(modality 'opt'\) has 2 .*were asked"
    ):
        load(model, make_scene(edit=edit))


def test_files_are_closed(model, make_scene):
    rasters = make_scene()
    with SceneRasters(rasters, network_modalities(model)) as scene:
        files = list(scene.files.values())
        assert not any(file.closed for file in files)
    assert all(file.closed for file in files)


def test_values_are_prepared_and_bands_chosen(model, make_scene):
    def edit(data):
        data['opt'][:] = np.array([1000, 2000, 3000])[:, None, None]
        data['opt'][:, 0, 0] = 0

    opt = load(model, make_scene(edit=edit))['opt']
    assert opt.dtype == np.float32
    np.testing.assert_allclose(opt[:, 1, 1], [0.3, 0.2, 0.1], rtol=1e-6)
    assert np.isnan(opt[:, 0, 0]).all() and not np.isnan(opt[:, 0, 1:]).any()


def test_reduced_scene(model, make_scene):
    rasters = make_scene(40, 100)
    with SceneRasters(rasters, network_modalities(model)) as scene:
        assert scene.read_reduced(50)['opt'].shape == (3, 20, 50)
        assert scene.read_reduced(500)['sar'].shape == (2, 40, 100)
    assert reduced_shape((1, 1000), 10) == (1, 10)


def test_files_of_other_bands_than_declared_are_refused(make_scene):
    """Read by position, its bands would be mistaken for others."""
    names = dict(bands=['B4', 'B2'], file_bands=['B2', 'B3', 'B4', 'B8'])
    modalities = build_modalities(dict(opt=names))
    rasters = {'opt': make_scene()['opt']}
    with (
        pytest.raises(ValueError, match='3 bands, expected 4') as error,
        SceneRasters(rasters, modalities),
    ):
        pass
    assert "opt.tif (modality 'opt') has" in str(error.value)
    assert 'label' not in str(error.value)


def test_a_missing_raster_of_a_scene(make_scene, model):
    for name in ('nope.tif', 'nope.npy'):
        rasters = dict(make_scene(), sar=name)
        with pytest.raises(FileNotFoundError, match=f'{name} does not') as e:
            load(model, rasters)
        assert str(e.value).endswith('): correct the path')


def test_arrays_beside_a_raster_with_a_grid(make_scene, model, tmp_path):
    """What has no position takes that of the others, and is read alike."""
    rasters = make_scene(20, 30)
    expected = load(model, rasters, Window(-2, 3, 9, 30))
    with rasterio.open(rasters['sar']) as file:
        data, grid = file.read(), (file.crs, file.transform)
    np.save(tmp_path / 'sar.npy', data.transpose(1, 2, 0))
    savemat(
        tmp_path / 'sar.mat', dict(vv=data[0], sar=data.transpose(1, 2, 0))
    )
    modalities = network_modalities(model)
    keyed = dict(modalities, sar=replace(modalities['sar'], key='sar'))
    other = dict(modalities, sar=replace(modalities['sar'], key='vv'))
    for name, declared in (
        ('sar.npy', modalities),
        ('sar.mat', keyed),
        ('sar.mat:sar', modalities),
        ('sar.mat:sar', other),
    ):
        files = dict(rasters, sar=str(tmp_path / name))
        with SceneRasters(files, declared) as scene:
            assert (scene.grid.crs, scene.grid.transform) == grid
            read = str(tmp_path / name.partition(':')[0])
            assert read in scene.file_names()
            found = scene.read(Window(-2, 3, 9, 30))
            np.testing.assert_array_equal(found['sar'], expected['sar'])
            assert scene.read_reduced(15)['sar'].shape == (2, 10, 15)
    with pytest.raises(KeyError, match='none is named: .*sar.mat:vv'):
        load(model, dict(rasters, sar=str(tmp_path / 'sar.mat')))
    np.save(tmp_path / 'sar.npy', data[:, 1:].transpose(1, 2, 0))
    with pytest.raises(ValueError, match=r'\(19, 30\), cannot be resampled'):
        load(model, dict(rasters, sar=str(tmp_path / 'sar.npy')))


def test_bands_of_one_name_in_folders(make_scene, model, tmp_path):
    """The first one lies two columns farther east than the others."""
    scene = make_scene(6, 9)
    with rasterio.open(scene['sar']) as file:
        data, profile = file.read(), file.profile | dict(count=1)
    moved = profile['transform'] * rasterio.Affine.translation(2, 0)
    for band, place in enumerate((moved, profile['transform'])):
        folder = tmp_path / f'band_{band}'
        folder.mkdir()
        profile['transform'] = place
        with rasterio.open(folder / 'a.tif', 'w', **profile) as file:
            file.write(data[band], 1)
    files = sorted(map(str, tmp_path.glob('band_*/a.tif')))
    with SceneRasters(
        dict(scene, sar=files), network_modalities(model), SceneGrid('opt')
    ) as opened:
        found = opened.read(Window(0, 0, 6, 9))['sar']
    assert np.isnan(found[:, :, :2]).all()
    np.testing.assert_array_equal(found[0, :, 2:], data[0, :, :-2])
    np.testing.assert_array_equal(found[1, :, 2:], data[1, :, 2:])


def test_a_raster_without_position_is_spoken_of(make_scene, model):
    nowhere = dict(crs=None, transform=rasterio.Affine.identity())
    rasters = make_scene(opt=nowhere)
    with (
        pytest.warns(UserWarning, match='opt.tif .opt. does not say where'),
        SceneRasters(rasters, network_modalities(model)) as scene,
    ):
        assert scene.grid.crs == CRS.from_epsg(32632)


def test_a_raster_without_a_system_is_spoken_of(
    make_scene, model, recwarn, tmp_path
):
    """It lies on the grid of the others, in which system it does not say."""
    known = make_scene()
    with SceneRasters(known, network_modalities(model)):
        assert len(recwarn) == 0
    rasters = make_scene(sar=dict(crs=None), folder='other')
    said = 'sar.tif .sar. has no .*: it is taken to be in that of opt, EPSG'
    with (
        pytest.warns(UserWarning, match=said),
        SceneRasters(rasters, network_modalities(model)) as scene,
    ):
        assert scene.grid.crs == CRS.from_epsg(32632)
    only = dict(sar=rasters['sar'])
    like = SceneGrid(like=known['opt'])
    with (
        pytest.warns(UserWarning, match='in that of the grid that was chosen'),
        SceneRasters(only, network_modalities(model), like),
    ):
        pass
    with SceneRasters(only, network_modalities(model)) as scene:
        assert scene.grid.crs is None and len(recwarn) == 0


def test_one_system_in_two_ways(make_scene, model):
    """The map gets the one that says what it is, not only its name."""
    local = 'LOCAL_CS["WGS 84 / UTM zone 32N",UNIT["metre",1]]'
    rasters = make_scene(opt=dict(crs=CRS.from_wkt(local)))
    with SceneRasters(rasters, network_modalities(model)) as scene:
        assert scene.grid.crs == CRS.from_epsg(32632)


def test_a_scene_may_lack_what_is_resampled_in_others(model, make_scene):
    grid = SceneGrid(methods=dict(sar='average'))
    rasters = {'opt': make_scene(6, 9)['opt']}
    with SceneRasters(rasters, network_modalities(model), grid) as scene:
        assert list(scene.files) == ['opt']


@pytest.mark.parametrize('source', [None, torch.zeros(2, 9, 9), [None]])
def test_what_is_no_raster_is_named(model, source):
    expected = f'numpy array .*got {type(source).__name__}: convert it'
    with pytest.raises(TypeError, match=expected):
        SceneRasters({'sar': source}, network_modalities(model))
