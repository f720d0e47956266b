import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach, random_pyramid

CHANNELS = (8, 16)


def build(modalities=('opt', 'sar'), randomise=True, **changes):
    neck = MODELS.build(
        dict(
            type='GatedFusionNeck',
            modalities=modalities,
            in_channels=CHANNELS,
            in_index=(0, 1),
        )
        | changes
    )
    neck.init_weights()
    if randomise:
        for parameter in neck.parameters():
            torch.nn.init.normal_(parameter)
    return neck


def pyramids(modalities=('opt', 'sar'), **kwargs):
    return {m: random_pyramid(CHANNELS, **kwargs) for m in modalities}


@pytest.mark.parametrize('size, batch', [(8, 2), ((9, 6), 2), ((5, 12), 1)])
def test_keeps_the_shape_of_every_level(size, batch):
    features = pyramids(size=size, batch=batch)
    fused = build()(features)
    assert [y.shape for y in fused] == [x.shape for x in features['opt']]


@pytest.mark.parametrize('modalities', [('opt', 'sar'), ('opt', 'sar', 'dem')])
def test_starts_as_the_mean(modalities):
    features = pyramids(modalities)
    for i, y in enumerate(build(modalities, randomise=False)(features)):
        maps = [features[m][i] for m in modalities]
        torch.testing.assert_close(y, sum(maps) / len(maps))


def test_equal_maps_pass_unchanged():
    pyramid = random_pyramid(CHANNELS)
    for y, x in zip(
        build()(dict(opt=pyramid, sar=pyramid)), pyramid, strict=True
    ):
        torch.testing.assert_close(y, x)


def test_formula_at_one_cell():
    neck, features = build(in_channels=(2,), in_index=(0,)), {}
    features['opt'] = (torch.tensor([1.0, 2.0]).view(1, 2, 1, 1),)
    features['sar'] = (torch.tensor([-1.0, 5.0]).view(1, 2, 1, 1),)
    neck.gates[0].weight.data.zero_()
    # The gate of channel 1 of SAR sees channel 0 of the optical map.
    neck.gates[0].weight.data[3, 0] = 1.0
    neck.gates[0].bias.data.zero_()
    share = torch.tensor(1.0).sigmoid()
    expected = torch.stack([torch.tensor(0.0), 2 + 3 * share])
    torch.testing.assert_close(neck(features)[0].flatten(), expected)


def test_gradients_reach_every_parameter_and_modality():
    modalities = ('opt', 'sar', 'dem')
    neck, features = build(modalities), pyramids(modalities)
    assert_gradients_reach(neck(features), neck, features)


def test_one_entry_per_level():
    with pytest.raises(ValueError, match='one entry per level'):
        build(in_index=(0,))


def test_weights_for_pictures_are_those_of_the_sum():
    neck, features = build(in_channels=(1,), in_index=(0,)), {}
    features['opt'] = (torch.full((1, 1, 3, 4), 2.0),)
    features['sar'] = (torch.full((1, 1, 3, 4), -1.0),)
    (weights,) = neck.fusion_weights(features)
    assert weights['opt'].shape == (1, 3, 4)
    torch.testing.assert_close(
        weights['opt'] + weights['sar'], torch.ones(1, 3, 4)
    )
    (fused,) = neck(features)
    expected = 2 * weights['opt'] - weights['sar']
    torch.testing.assert_close(fused[:, 0], expected)
