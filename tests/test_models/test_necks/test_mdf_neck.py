import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach, random_pyramid

CHANNELS = (12, 20, 28)
FUSIONS = [
    dict(type='MDFVSSBlock', drop_path=0.0),
    dict(type='MDFVSSBlock', drop_path=0.0, difference=False),
    dict(type='MDFVSSBlock', drop_path=0.0, share=False),
    dict(type='SumFusion'),
    dict(type='ConcatFusion'),
]


def build(**changes):
    return MODELS.build(
        dict(
            type='MDFNeck',
            modalities=('opt', 'sar'),
            in_channels=CHANNELS,
            channels=16,
            drop_path=0.0,
            fusion=FUSIONS[0],
        )
        | changes
    )


def pyramids(channels=CHANNELS, **kwargs):
    return {m: random_pyramid(channels, **kwargs) for m in ('opt', 'sar')}


def sizes(maps):
    return [tuple(x.shape) for x in maps]


@pytest.mark.parametrize('size, batch', [(16, 2), ((18, 7), 2), ((5, 33), 1)])
@pytest.mark.parametrize(
    'channels', [(12,), (12, 20), (8, 12, 16, 20, 24, 28)]
)
def test_any_size_and_number_of_levels(size, batch, channels):
    neck = build(in_channels=channels).eval()
    features = pyramids(channels, size=size, batch=batch)
    fused, specific = neck.fuse_and_refine(features)
    expected = [(s[0], 16, *s[2:]) for s in sizes(features['opt'])]
    assert sizes(fused) == expected
    assert sizes(specific['opt']) == sizes(specific['sar']) == expected


@pytest.mark.parametrize('fusion', FUSIONS)
def test_gradients_reach_every_parameter_and_modality(fusion):
    neck = build(fusion=fusion)
    features = pyramids()
    outputs = neck.fuse_and_refine(features)
    assert_gradients_reach(outputs, neck, features)


def test_without_enhancement_there_is_nothing_to_refine():
    neck = build(enhance=False)
    assert not neck.refines_modalities
    features = pyramids()
    assert_gradients_reach(neck(features), neck, features)


@torch.no_grad()
def test_all_ways_to_the_maps_agree():
    neck, features = build().eval(), pyramids()
    fused, specific = neck.fuse_and_refine(features)
    torch.testing.assert_close(neck(features), fused)
    torch.testing.assert_close(neck.refine(features), specific)


def test_enhancement_does_not_act_on_the_fused_maps():
    neck, features = build(), pyramids()
    sum(x.sum() for x in neck(features)).backward()
    for name, parameter in neck.enhancement.named_parameters():
        assert parameter.grad is None, name


@torch.no_grad()
def test_only_the_difference_reaches_the_other_modality():
    features = pyramids()
    other = dict(features, sar=random_pyramid(CHANNELS))
    for fusion in FUSIONS:
        neck = build(fusion=fusion).eval()
        same = torch.equal(
            neck.refine(features)['opt'][0], neck.refine(other)['opt'][0]
        )
        has_difference = fusion['type'] == 'MDFVSSBlock'
        has_difference &= fusion.get('difference', True)
        assert same != has_difference


@torch.no_grad()
def test_the_difference_is_the_first_modality_minus_the_second():
    neck, features = build().eval(), pyramids()
    seen = []
    neck.fusions[0].difference.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    neck(features)
    opt, sar = (neck.projections[m][0](features[m][0]) for m in features)
    torch.testing.assert_close(seen[0], (opt - sar).permute(0, 2, 3, 1))


def test_initialisation():
    torch.manual_seed(0)
    neck = build(channels=64)
    decays = neck.scans[0].op.A_logs.clone()
    neck.init_weights()
    conv, linear = neck.path.smooth[0].conv1, neck.scans[0].mlp.fc1
    bounds = {conv: (6 / (64 * 9)) ** 0.5, linear: (6 / (64 + 256)) ** 0.5}
    for layer, bound in bounds.items():
        assert 0.98 * bound < layer.weight.abs().max().item() <= bound
    assert (linear.bias == 0).all()
    torch.testing.assert_close(neck.scans[0].op.A_logs, decays)


def test_bad_arguments():
    with pytest.raises(ValueError, match='exactly two modalities'):
        build(modalities=('opt', 'sar', 'dem'))
    with pytest.raises(ValueError, match='leave nothing to fuse'):
        build(fusion=dict(type='MDFVSSBlock', share=False, difference=False))
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        build()(dict(opt=random_pyramid(CHANNELS)))
    with pytest.raises(ValueError, match='3 levels.*returned 2 for opt'):
        build()(pyramids(CHANNELS[:2]))
