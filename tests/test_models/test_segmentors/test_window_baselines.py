"""What MMRS is compared with on the same windows."""

import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from helpers import assert_gradients_reach
from model_bases import count_parameters, images, network
from multimodal_rs.models.backbones.mrsdc_window_branches import (
    WindowCascadeBranch,
    WindowTwoTunnelBranch,
)
from multimodal_rs.models.backbones.spectral_mamba import SpectralMamba
from multimodal_rs.models.necks.cross_attention_neck import CrossAttentionNeck
from multimodal_rs.models.necks.mean_concat_neck import MeanConcatNeck


def test_mrsdc_has_the_parameters_of_the_original():
    """5.61 M for Houston2013, counted from the authors' layers."""
    bands = dict(hsi=144, lidar=1)
    counted = count_parameters('mrsdc-original', bands, 15)
    assert counted == pytest.approx(5.61e6, rel=0.005)


@pytest.mark.parametrize('bands, length', [(144, 26880), (64, 21760)])
@torch.no_grad()
def test_tunnels_are_flattened(bands, length):
    branch = WindowTwoTunnelBranch(bands).eval()
    window = torch.randn(2, bands, 11, 11)
    (out,) = branch(window)
    assert out.shape == (2, length, 1, 1)
    # The spectral tunnel sees the pixel in the middle only.
    around = window.clone()
    around[..., 5, 6] += 1
    changed = branch(around)[0] != out
    assert changed[:, :18432].any() and not changed[:, 18432:].any()
    with pytest.raises(ValueError, match='at least 16 bands, got 4'):
        WindowTwoTunnelBranch(4)


def test_gradients_reach_the_branches():
    for branch, bands in (
        (WindowTwoTunnelBranch(18), 18),
        (WindowCascadeBranch(1), 1),
        (SpectralMamba(9, channels=8, depth=1), 9),
    ):
        window = torch.randn(3, bands, 11, 11, requires_grad=True)
        (out,) = branch(window)
        assert out.shape[2:] == (1, 1)
        assert_gradients_reach(out, branch, window)
    assert WindowCascadeBranch(1)(torch.rand(2, 1, 11, 11))[0].shape[1] == 4608


@torch.no_grad()
def test_spectral_mamba_reads_bands_in_their_order():
    branch = SpectralMamba(7, window=5, channels=8, depth=1).eval()
    window = torch.randn(1, 7, 5, 5)
    (out,) = branch(window)
    assert out.shape == (1, 8, 1, 1)
    flipped = branch(window.flip(1))[0]
    assert not torch.allclose(flipped, out, atol=1e-4)
    # With both directions and the places exchanged, it is the same.
    branch.of_band.data = branch.of_band.flip(0)
    (block,) = branch.blocks
    block['up'], block['down'] = block['down'], block['up']
    torch.testing.assert_close(
        branch(window.flip(1))[0], out, rtol=0, atol=1e-5
    )
    with pytest.raises(ValueError, match=r'windows of 5x5.*\(7, 7\)'):
        branch(torch.rand(1, 7, 7, 7))


def test_cross_attention_by_its_formula():
    neck = CrossAttentionNeck(('hsi', 'lidar'), 8, depth=1, heads=1).eval()
    maps = {
        m: (torch.randn(2, 8, 3, 3, requires_grad=True),)
        for m in neck.modalities
    }
    (out,) = neck(maps)
    assert out.shape == (2, 16, 1, 1)
    assert_gradients_reach(out, neck, maps)
    x, y = (
        maps[m][0].flatten(2).transpose(1, 2) + place
        for m, place in zip(neck.modalities, neck.of_cell, strict=True)
    )
    block = neck.blocks[0]['hsi']
    q, k, v = (
        nn.functional.linear(norm(z), *weights)
        for norm, z, *weights in zip(
            (block.of_queries, block.of_keys, block.of_keys),
            (x, y, y),
            block.attend.in_proj_weight.chunk(3),
            block.attend.in_proj_bias.chunk(3),
            strict=True,
        )
    )
    weights = (q @ k.transpose(1, 2) / 8**0.5).softmax(dim=2)
    x = x + block.attend.out_proj(weights @ v)
    x = x + block.layers(x)
    torch.testing.assert_close(out[:, :8, 0, 0], x.mean(dim=1))


def test_cross_attention_needs_another_modality():
    with pytest.raises(ValueError, match=r"at least two .* got \['hsi'\]"):
        CrossAttentionNeck(('hsi',), 8)


def test_mean_and_concatenation():
    neck = MeanConcatNeck(('hsi', 'lidar'))
    maps = dict(hsi=torch.randn(2, 3, 3, 3), lidar=torch.randn(2, 5, 1, 1))
    (out,) = neck({m: (x,) for m, x in maps.items()})
    assert out.shape == (2, 8, 1, 1)
    torch.testing.assert_close(out[:, :3, 0, 0], maps['hsi'].mean((2, 3)))
    assert torch.equal(out[:, 3:], maps['lidar'])


BANDS = dict(hsi=20, lidar=1)


@pytest.mark.parametrize(
    'base',
    ['mrsdc-original', 'window-concat', 'window-cross', 'window-mamba']
    + ['window-stack', 'window-hsi', 'window-lidar'],
)
def test_networks_answer_once_per_window(base):
    changes = {}
    if base == 'mrsdc-original':  # 18 432 + 128 * 4
        changes = dict(neck=dict(in_channels=dict(hsi=18944)))
    model = MODELS.build(network(base, BANDS, 5, changes)).eval()
    with torch.no_grad():
        answer = model.encode_decode(
            images((11, 11), 2, BANDS), [dict(ori_shape=(1, 1))]
        )
        assert answer.shape == (2, 5, 1, 1)
        scene = model.encode_decode(
            images((2, 3), 1, BANDS), [dict(ori_shape=(2, 3))]
        )
    assert scene.shape == (1, 5, 2, 3)
    # Also by a branch without a convolution, whose bands cannot be compared.
    model.load_state_dict(model.state_dict())
