"""PSCNN: the pseudo-siamese network, made dense."""

import pytest
import torch
from torch import nn

from helpers import assert_gradients_reach
from model_bases import (
    build,
    count_parameters,
    field_of_view,
    fused,
    images,
    logits,
)
from multimodal_rs.models.backbones.pscnn_leg import PSCNNLeg
from multimodal_rs.models.necks.pscnn_neck import PSCNNNeck


@pytest.mark.parametrize('bands, number', [(1, 583_008), (3, 583_584)])
def test_parameters_of_a_leg(bands, number):
    assert sum(p.numel() for p in PSCNNLeg(bands).parameters()) == number


@pytest.mark.parametrize('hidden, millions', [((), 1.30), ((256, 128), 2.12)])
def test_parameters(hidden, millions):
    number = count_parameters('pscnn', changes=dict(neck=dict(hidden=hidden)))
    assert number == pytest.approx(millions * 1e6, rel=0.01)


def test_a_leg_has_eight_convolutions_and_sees_68_pixels():
    leg = PSCNNLeg(1)
    kinds = [type(layer) for layer in leg.layers]
    convolution = [nn.Conv2d, nn.ReLU, nn.BatchNorm2d]
    block = 2 * convolution
    assert kinds == [*3 * [*block, nn.MaxPool2d], *block, nn.Dropout2d]
    assert field_of_view(leg) == 68


@pytest.mark.parametrize('size, batch', [((64, 64), 2), ((50, 43), 1)])
@torch.no_grad()
def test_shapes(size, batch):
    model, inputs = build('pscnn').eval(), images(size, batch)
    (leg,) = model.backbone(inputs)['sar']
    cells = tuple(-(-n // 8) for n in size)
    assert leg.shape == (batch, 128, *cells)
    (joined,) = model.extract_feat(inputs)
    assert joined.shape == (batch, 512, *cells)
    answer = logits(model, inputs)
    assert answer.shape == (batch, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


def test_streams_share_no_weights():
    bands = dict(opt=2, sar=2)
    model, inputs = build('pscnn', bands).eval(), images(bands=bands)
    swapped = dict(opt=inputs['sar'], sar=inputs['opt'])
    difference = fused(model, inputs) - fused(model, swapped)
    assert difference.abs().amax() > 1e-3


@pytest.mark.parametrize('hidden', [(), (12, 8)])
def test_gradients_reach_everything_of_three_modalities(hidden):
    bands, small = dict(opt=4, sar=2, dem=1), (4, 4, 8, 8)
    legs = nn.ModuleDict({m: PSCNNLeg(n, small) for m, n in bands.items()})
    neck = PSCNNNeck(tuple(bands), 8, channels=16, hidden=hidden)
    inputs = images((24, 17), bands=bands)
    maps = {m: leg(inputs[m]) for m, leg in legs.items()}
    (out,) = neck(maps)
    assert out.shape == (2, 16, 3, 3)
    assert_gradients_reach(out, nn.ModuleList([legs, neck]), inputs)


@torch.no_grad()
def test_channels_are_dropped_in_training_only():
    leg, image = PSCNNLeg(1).train(), torch.randn(4, 1, 16, 16)
    (trained,), (tested,) = leg(image), leg.eval()(image)
    dropped = (trained == 0).all(dim=3).all(dim=2)
    assert 0.15 < dropped.float().mean() < 0.35
    assert not (tested == 0).all(dim=3).all(dim=2).any()
