import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach, random_pyramid

CHANNELS = (8, 16, 12)


def build(modalities=('opt', 'sar'), **changes):
    return MODELS.build(
        dict(type='ConcatMLPNeck', modalities=modalities, in_channels=CHANNELS)
        | changes
    )


def pyramids(modalities=('opt', 'sar'), **kwargs):
    return {m: random_pyramid(CHANNELS, **kwargs) for m in modalities}


@pytest.mark.parametrize('size, batch', [(8, 2), ((9, 6), 2), ((5, 12), 1)])
def test_keeps_the_shape_of_every_level(size, batch):
    features = pyramids(size=size, batch=batch)
    fused = build()(features)
    assert [y.shape for y in fused] == [x.shape for x in features['opt']]
    assert all((y >= 0).all() for y in fused)  # ends with a ReLU


@pytest.mark.parametrize(
    'modalities', [('opt', 'sar'), ('opt', 'sar', 'dem', 'ndvi')]
)
def test_gradients_reach_every_parameter_and_modality(modalities):
    neck, features = build(modalities), pyramids(modalities)
    assert_gradients_reach(neck(features), neck, features)


def test_positions_do_not_see_each_other():
    neck, features = build(), pyramids(size=8)
    other = {m: tuple(x.clone() for x in p) for m, p in features.items()}
    other['sar'][0].data[:, :, 3, 5] += 1
    differs = (neck(features)[0] != neck(other)[0]).any(1)
    assert differs[:, 3, 5].all() and differs.sum() == len(differs)


def test_names_count_and_not_the_order_of_the_dict():
    neck, features = build(), pyramids()
    swapped = dict(reversed(features.items()))
    for y, z in zip(neck(features), neck(swapped), strict=True):
        assert torch.equal(y, z)


def test_chosen_levels():
    neck, features = build(in_channels=(12, 8), in_index=(2, 0)), pyramids()
    assert [y.shape for y in neck(features)] == [
        features['opt'][i].shape for i in (2, 0)
    ]
    with pytest.raises(ValueError, match='one entry per level'):
        build(in_index=(0, 1))


def test_one_modality_passes():
    neck, features = build(('opt',)), pyramids(('opt',))
    assert list(neck.parameters()) == []
    for y, x in zip(neck(features), features['opt'], strict=True):
        assert torch.equal(y, x)


def test_initialisation():
    neck = build(in_channels=(64, 64, 64))
    neck.init_weights()
    weight = neck.levels[0][0].weight
    expected = (2 / (64 + 128)) ** 0.5  # Xavier
    assert weight.std().item() == pytest.approx(expected, rel=0.1)
    assert (neck.levels[0][0].bias == 0).all()
