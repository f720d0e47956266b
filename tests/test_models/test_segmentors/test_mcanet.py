"""MCANet: cross-attention on two levels, and its decoder."""

from math import prod

import pytest
import torch
from torch import nn

from helpers import assert_gradients_reach, random_pyramid
from model_bases import build, count_parameters, images, logits
from multimodal_rs.models.decode_heads.mcanet_head import MCANetHead
from multimodal_rs.models.layers.joint_attention import JointAttention
from multimodal_rs.models.necks.mcanet_neck import MCANetNeck
from multimodal_rs.results.complexity import count_flops

NAMES = ('opt', 'sar')


def test_parameters():
    number = count_parameters('mcanet_r101')
    assert number == pytest.approx(121.6e6, rel=0.001)
    attention = [JointAttention(NAMES, c) for c in (256, 2048)]
    number = sum(p.numel() for a in attention for p in a.parameters())
    assert number == pytest.approx(14.9e6, rel=0.01)


@pytest.mark.parametrize('size, batch', [((64, 32), 2), ((45, 33), 1)])
@torch.no_grad()
def test_shapes(size, batch):
    model, inputs = build('mcanet_r18').eval(), images(size, batch)
    shallow, deep = model.extract_feat(inputs)
    assert shallow.shape == (batch, 192, *(-(-n // 4) for n in size))
    assert deep.shape == (batch, 768, *(-(-n // 16) for n in size))
    answer = logits(model, inputs)
    assert answer.shape == (batch, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


@pytest.mark.parametrize('modalities', [NAMES, (*NAMES, 'dem')])
def test_gradients_reach_everything_of_the_neck(modalities):
    neck = MCANetNeck(modalities, (8, 12), (0, 1), (8, 4))
    features = {m: random_pyramid((8, 12), (8, 6)) for m in modalities}
    fused = neck(features)
    number = len(modalities)
    assert [x.shape[1] for x in fused] == [8 * number + 8, 4 * number + 12]
    # A key's bias moves all logits of a row alike: it has no gradient.
    biases = [
        layer.bias.requires_grad_(False)
        for attention in neck.attention
        for layer in attention.key.values()
    ]
    assert len(biases) == 2 * number
    outputs = [*neck(features)]
    learning = nn.ParameterList(
        p for p in neck.parameters() if p.requires_grad
    )
    assert_gradients_reach(outputs, learning, features)


def test_gradients_reach_everything_of_the_head():
    head = MCANetHead(
        in_channels=(6, 10),
        in_index=(0, 1),
        channels=8,
        num_classes=3,
        loss_decode=dict(type='LandCoverCrossEntropyLoss'),
    )
    pyramid = random_pyramid((6, 10), 16, strides=(1, 4))
    out = head(pyramid)
    assert out.shape == (2, 3, 16, 16)
    assert_gradients_reach(out, head, pyramid)
    three = random_pyramid((8, 14), 16, strides=(1, 4))
    with pytest.raises(ValueError, match=r'set in_channels=\(8, 14\) of the'):
        head(three)


def attention_maps(layer, maps):
    """Return S_m of every modality, and their renormalised product."""
    single = []
    for m, x in maps.items():
        queries, keys = (f[m](x).flatten(2) for f in (layer.query, layer.key))
        logits_of = queries.transpose(1, 2) @ keys
        single.append(logits_of.softmax(dim=2))
    product = prod(single)
    return product / product.sum(dim=2, keepdim=True)


@torch.no_grad()
def test_joint_map_by_its_formula():
    layer = JointAttention(NAMES, 8).eval()
    maps = {m: torch.randn(2, 8, 3, 4) for m in NAMES}
    shared = attention_maps(layer, maps)
    torch.testing.assert_close(shared.sum(dim=2), torch.ones(2, 12))
    found = prod(
        layer.value[m](x).flatten(2) @ shared.transpose(1, 2)
        for m, x in maps.items()
    )
    expected = layer.out(found.unflatten(2, (3, 4)))
    torch.testing.assert_close(layer(maps), expected)


@torch.no_grad()
def test_equal_values_make_a_constant_joint_map():
    """The rows of the shared attention sum to one."""
    layer = JointAttention(NAMES, 8).eval()
    for value in layer.value.values():
        value.weight.zero_()
        value.bias.fill_(1)
    joint = layer({m: 3 * torch.randn(2, 8, 5, 4) for m in NAMES})
    expected = joint[:, :, :1, :1].expand_as(joint)
    torch.testing.assert_close(joint, expected)
    assert joint.abs().amax() > 0.1


@torch.no_grad()
def test_exchanged_modalities_and_weights_change_nothing():
    layer = JointAttention(NAMES, 8).eval()
    maps = {m: torch.randn(2, 8, 3, 4) for m in NAMES}
    joint = layer(maps)
    swapped = dict(zip(NAMES, reversed(maps.values()), strict=True))
    assert (joint - layer(swapped)).abs().amax() > 1e-3
    exchanged = JointAttention(('sar', 'opt'), 8).eval()
    exchanged.load_state_dict(layer.state_dict())
    torch.testing.assert_close(exchanged(maps), joint)
    for layers in (layer.query, layer.key, layer.value):
        opt, sar = (layers[m].state_dict() for m in NAMES)
        opt = {k: v.clone() for k, v in opt.items()}
        layers['opt'].load_state_dict(sar)
        layers['sar'].load_state_dict(opt)
    torch.testing.assert_close(layer(swapped), joint)


@torch.no_grad()
def test_large_maps_do_not_vanish():
    """A literal product over N positions would have entries of 1 / N^2."""
    layer = JointAttention(NAMES, 8).eval()
    maps = {m: torch.full((1, 8, 48, 48), 0.5) for m in NAMES}
    small = {m: x[..., :4, :4] for m, x in maps.items()}
    joint = layer(maps)
    expected = layer(small)[..., :1, :1].expand_as(joint)
    torch.testing.assert_close(joint, expected)


def test_misuse_is_named():
    with pytest.raises(ValueError, match='one entry per level'):
        MCANetNeck(NAMES, (8, 12), (0, 1), (8,))


def test_attention_is_counted():
    """Its products of N x N positions, though no layer holds them."""
    model = build('mcanet_r18').eval()
    bands = {m: image.shape[1] for m, image in images((64, 32), 1).items()}
    operators, _ = count_flops(model, bands, (64, 32))
    shallow, deep = 16 * 8, 4 * 2  # positions
    # Queries and keys, then values: C / 2 channels of both sensors.
    widths = 2 * 64 / 2, 2 * 512 / 2
    expected = [
        2 * n**2 * w for n, w in zip((shallow, deep), widths, strict=True)
    ]
    assert operators['attention'] == sum(expected)
