import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from helpers import assert_gradients_reach, random_pyramid

CHANNELS = (8, 16)


def build(modalities=('opt', 'sar'), **changes):
    return MODELS.build(
        dict(
            type='MCMFNeck',
            modalities=modalities,
            channels=CHANNELS,
            in_index=(0, 1),
            state_size=4,
        )
        | changes
    )


def pyramids(modalities=('opt', 'sar'), **kwargs):
    kwargs = dict(size=8) | kwargs
    return {m: random_pyramid(CHANNELS, **kwargs) for m in modalities}


@pytest.mark.parametrize('size, batch', [(8, 2), ((9, 6), 2), ((5, 12), 1)])
def test_keeps_the_shape_of_every_level(size, batch):
    features = pyramids(size=size, batch=batch)
    assert [y.shape for y in build()(features)] == [
        x.shape for x in features['opt']
    ]


@pytest.mark.parametrize(
    'modalities', [('opt',), ('opt', 'sar'), ('opt', 'sar', 'dem')]
)
def test_gradients_reach_every_parameter_and_modality(modalities):
    neck, features = build(modalities), pyramids(modalities)
    assert len(neck.levels[0].x_proj_weight) == 4 * len(modalities)
    assert_gradients_reach(neck(features), neck, features)


def test_without_the_block_the_sum_is_left():
    neck, features = build(), pyramids()
    for level in neck.levels:
        nn.init.zeros_(level.block[-1].weight)
        nn.init.zeros_(level.block[-1].bias)
    for i, y in enumerate(neck(features)):
        torch.testing.assert_close(y, features['opt'][i] + features['sar'][i])


def swapped_state(neck):
    """Parameters of a neck that reads the modalities in the other order."""
    state = {}
    for key, value in neck.state_dict().items():
        per_route = ('x_proj_weight', 'dt_projs', 'A_logs', 'Ds')
        if key.split('.')[2].startswith(per_route):
            # routes alternate between the modalities
            routes = value.reshape(4, 2, -1).flip(1)
            value = routes.reshape(value.shape)
        elif '.block.0.' in key or '.block.2.' in key:
            # the first half of the outputs reads the first modality's gate
            value = value.roll(len(value) // 2, dims=0)
        elif key.endswith('block.4.weight'):
            value = value.roll(value.shape[1] // 2, dims=1)
        state[key] = value
    return state


def test_modalities_are_treated_alike():
    """Swapping names and parameters together changes nothing."""
    neck, features = build(), pyramids()
    for level in neck.levels:
        nn.init.normal_(level.Ds)
    other = build(('sar', 'opt'))
    other.load_state_dict(swapped_state(neck))
    for y, z in zip(neck(features), other(features), strict=True):
        torch.testing.assert_close(y, z, rtol=1e-4, atol=1e-5)


def test_order_of_the_input_dict_does_not_matter():
    neck, features = build(), pyramids()
    swapped = dict(reversed(features.items()))
    for y, z in zip(neck(features), neck(swapped), strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_checkpointing_changes_nothing():
    plain, frugal = build(), build(with_cp=True)
    frugal.load_state_dict(plain.state_dict())
    features = pyramids()
    for neck in (plain, frugal):
        sum(y.square().sum() for y in neck(features)).backward()
    pairs = zip(plain.named_parameters(), frugal.parameters(), strict=True)
    for (name, p), q in pairs:
        torch.testing.assert_close(p.grad, q.grad, msg=name)


def test_misuse_is_named():
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        build()(pyramids(('opt',)))
    with pytest.raises(ValueError, match='one entry per level'):
        build(in_index=(0, 1, 2))
