import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach, random_pyramid

CHANNELS = (32, 48)


def build(modalities=('opt', 'sar'), **changes):
    return MODELS.build(
        dict(
            type='MDAFMNeck',
            modalities=modalities,
            channels=CHANNELS,
            in_index=(0, 1),
        )
        | changes
    )


def pyramids(modalities=('opt', 'sar'), **kwargs):
    return {m: random_pyramid(CHANNELS, **kwargs) for m in modalities}


@pytest.mark.parametrize('size, batch', [(16, 2), ((18, 7), 2), (16, 1)])
def test_keeps_the_shape_of_every_level(size, batch):
    neck = build().eval()
    features = pyramids(size=size, batch=batch)
    assert [y.shape for y in neck(features)] == [
        x.shape for x in features['opt']
    ]


@pytest.mark.parametrize('spatial_attention', [True, False])
def test_gradients_reach_every_parameter_and_modality(spatial_attention):
    neck = build(spatial_attention=spatial_attention)
    features = pyramids()
    assert_gradients_reach(neck(features), neck, features)


def test_three_modalities():
    names = ('opt', 'sar', 'dem')
    neck, features = build(names), pyramids(names)
    assert_gradients_reach(neck(features), neck, features)


def test_spatial_attention_only_scales_pixels_down():
    full, channel_only = build().eval(), build(spatial_attention=False).eval()
    channel_only.load_state_dict(full.state_dict(), strict=False)
    features = pyramids()
    for y, z in zip(full(features), channel_only(features), strict=True):
        assert (y <= z).all()
        ratio = (y / z)[:, :, 0, 0]  # one factor per pixel, all channels
        known = z[:, :, 0, 0] > 1e-3
        for r, k in zip(ratio, known, strict=True):
            torch.testing.assert_close(
                r[k], r[k][:1].expand_as(r[k]), rtol=1e-3, atol=1e-4
            )


def test_order_of_the_input_dict_does_not_matter():
    neck = build().eval()
    features = pyramids()
    swapped = dict(reversed(features.items()))
    for y, z in zip(neck(features), neck(swapped), strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_missing_modality_is_named():
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        build()(pyramids(('opt',)))


def test_channels_of_another_number_of_levels_are_named():
    with pytest.raises(ValueError, match='MDAFMNeck: channels needs one'):
        build(in_index=(0, 1, 2))
