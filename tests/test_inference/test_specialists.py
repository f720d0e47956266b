"""Other networks answer for the pixels of which they know more."""

import numpy as np
import pytest
import rasterio
from mmseg.registry import MODELS

from multimodal_rs.apis import SceneMapper
from multimodal_rs.inference.specialists import add_specialists
from small_network import CLASSES, PALETTE, single_config, spread

SAR_ALONE = slice(40, None)  # columns of the scene without an optical image


def for_single(make_config, name, edit=None):
    """A network of one modality, with weights of its own."""
    config = single_config(make_config, name)
    if edit is not None:
        edit(config['data_preprocessor']['modalities'][name])
    return named(spread(MODELS.build(config)))


def named(model, checkpoint=None):
    model.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    if checkpoint is not None:
        model.checkpoint_identity = dict(
            checkpoint=checkpoint, checkpoint_sha256=checkpoint[0] * 64
        )
    return model


@pytest.fixture
def both(make_config):
    return named(spread(MODELS.build(make_config(heads=False))), 'both.pth')


@pytest.fixture
def sar(make_config):
    return named(for_single(make_config, 'sar'), 'sar.pth')


@pytest.fixture
def scene(make_scene):
    def cut(data):
        data['opt'][:, :, SAR_ALONE] = 0

    return make_scene(edit=cut)


def test_each_pixel_is_answered_by_who_knows_it(both, sar, scene):
    without = SceneMapper(both, 32).predict(scene)
    alone = SceneMapper(sar, 32).predict({'sar': scene['sar']})
    add_specialists(both, [sar])
    found = SceneMapper(both, 32).predict(scene)
    beyond = 40 + 4  # as far as the nearest optical pixel counts
    np.testing.assert_array_equal(found[:, :beyond], without[:, :beyond])
    np.testing.assert_array_equal(found[:, beyond:], alone[:, beyond:])
    assert (without[:, beyond:] != alone[:, beyond:]).mean() > 0.1


def test_a_scene_without_a_sensor_is_left_to_the_specialist(both, sar, scene):
    only = {'sar': scene['sar']}
    alone = SceneMapper(sar, 32).predict(only)
    add_specialists(both, [sar])
    np.testing.assert_array_equal(SceneMapper(both, 32).predict(only), alone)


def test_it_normalises_as_it_was_trained(both, make_config, scene):
    def other(modality):
        modality.update(mean=[-5.0, -25.0], std=[2.0, 9.0])

    single = for_single(make_config, 'sar', other)
    alone = SceneMapper(single, 32).predict({'sar': scene['sar']})
    add_specialists(both, [single])
    found = SceneMapper(both, 32).predict(scene)
    np.testing.assert_array_equal(found[:, 44:], alone[:, 44:])


def test_the_map_names_it_and_is_made_again_for_another(
    both, sar, scene, tmp_path
):
    out = tmp_path / 'map.tif'
    add_specialists(both, [sar])
    mapper = SceneMapper(both, 32)
    mapper.map(scene, out)
    with rasterio.open(out) as file:
        assert file.tags()['specialists'] == 'sar sar.pth ' + 's' * 64
    made = out.stat().st_mtime_ns
    mapper.map(scene, out, resume=True)
    assert out.stat().st_mtime_ns == made
    add_specialists(both, [named(sar, 'other.pth')])
    mapper.map(scene, out, resume=True)
    assert out.stat().st_mtime_ns > made
    add_specialists(both, [])
    mapper.map(scene, out, resume=True)
    with rasterio.open(out) as file:
        assert 'specialists' not in file.tags()


@pytest.mark.parametrize(
    'edit, message',
    [
        (lambda m: m.update(bands=[1, 0]), r'bands of sar .*\[0, 1\].*\[1, 0'),
        (
            lambda m: m.update(values=[dict(type='ScaleValues', factor=2)]),
            'values of sar',
        ),
        (lambda m: m.update(scale='apply'), 'scale of sar .*refuse.*apply'),
        (
            lambda m: m.update(file_bands=['VH', 'VV']),
            r"bands of sar .*\['vv', 'vh'\].*\['vh', 'vv'\]",
        ),
    ],
)
def test_networks_that_read_otherwise_are_refused(make_config, edit, message):
    config = make_config(heads=False)
    modality = config['data_preprocessor']['modalities']['sar']
    modality['file_bands'] = ['VV', 'VH']
    both = named(MODELS.build(config))
    with pytest.raises(ValueError, match=message):
        add_specialists(both, [for_single(make_config, 'sar', edit)])


def test_numbers_that_were_measured_elsewhere_are_refused(make_config):
    def measured(mean):
        fit = dict(mean=[mean] * 2, std=[1.0] * 2)
        steps = [dict(type='Standardize', fit=fit)]
        return lambda m: m.update(values=steps, mean=None, std=None)

    config = make_config(heads=False)
    measured(0.0)(config['data_preprocessor']['modalities']['sar'])
    both = named(MODELS.build(config))
    add_specialists(both, [for_single(make_config, 'sar', measured(0.0))])
    other = for_single(make_config, 'sar', measured(0.5))
    with pytest.raises(
        ValueError, match=r"of sar, \['Standardize'\], as .*same"
    ):
        add_specialists(both, [other])


def test_bands_that_are_named_otherwise_are_the_same(both, make_config):
    def edit(modality):
        modality.update(bands=['VV', 'VH'], file_bands=['VV', 'VH'])

    add_specialists(both, [for_single(make_config, 'sar', edit)])


def test_networks_that_cannot_stand_in_are_refused(both, sar, make_config):
    with pytest.raises(ValueError, match=r'some of the modalities.*opt.*sar'):
        add_specialists(both, [both])
    with pytest.raises(ValueError, match=r"two specialists for \['sar'\]"):
        add_specialists(both, [sar, for_single(make_config, 'sar')])
    sar.dataset_meta = dict(classes=CLASSES[::-1], palette=PALETTE)
    with pytest.raises(ValueError, match='the classes .*water.*built'):
        add_specialists(both, [sar])
    sar.dataset_meta, sar.margin = both.dataset_meta, 5
    with pytest.raises(ValueError, match=r'a margin .*None, got 5'):
        add_specialists(both, [sar])
