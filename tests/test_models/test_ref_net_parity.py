"""The authors' numbers, reproduced (tests/data/parity)."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.models.layers.mdf_vss_block import scan_block
from multimodal_rs.models.weights import convert_ref_net

CONFIG = 'configs/ref_net/ref-net_r50_1xb8-70k_dfc2020-256x256.py'
AUTHORS = CONFIG.replace('ref-net_r50', 'ref-net-background_r50')


@pytest.fixture(scope='module')
def network():
    model = MODELS.build(Config.fromfile(ROOT / AUTHORS).model).eval()
    assert sum(p.numel() for p in model.parameters()) == 60_799_323
    state, unmatched, dropped = convert_ref_net(author_state('refnet'))
    assert unmatched == []
    assert dropped == ()
    model.load_state_dict(state, strict=True)
    return model


@torch.no_grad()
def test_network_from_the_shipped_config(network):
    io = parity_arrays('refnet')
    inputs = dict(opt=io['in_opt'], sar=io['in_sar'])
    metas = [dict(img_shape=(128, 128), ori_shape=(128, 128))]
    logits = network.encode_decode(inputs, metas)
    assert_parity(logits, io['out_logits'], tolerance=1e-5)
    specific = network.predict_modalities(inputs)
    for name in ('opt', 'sar'):
        expected = io[f'out_{name}_logits']
        assert_parity(specific[name], expected, tolerance=1e-5)


def scan():
    block = scan_block(128, drop_path=0.1).eval()
    block.load_state_dict(author_state('refnet_vssblock'), strict=True)
    return block


def test_scan_block_and_its_gradients():
    io = parity_arrays('refnet_vssblock')
    block = scan()
    x = io['in_x'].requires_grad_()
    y = block(x)
    assert_parity(y, io['out_y'], tolerance=1e-5)
    assert_parity(block.op(x), io['out_ss2d_only'], tolerance=1e-5)
    y.backward(io['in_grad_y'])
    gradients = {'x': x.grad} | {
        name.replace('conv2d.', 'conv2d_'): parameter.grad
        for name, parameter in block.op.named_parameters()
    }
    compared = 0
    for key, expected in io.items():
        if key.startswith('out_grad_'):
            name = key.removeprefix('out_grad_')
            assert_parity(gradients[name], expected, tolerance=1e-5)
            compared += 1
    assert compared > 3


@torch.no_grad()
def test_scan_block_with_other_decays():
    io = parity_arrays('refnet_vssblock')
    block = scan()
    block.op.A_logs.copy_(io['in_A_logs_variant'])
    y = block(io['in_x'])
    assert_parity(y, io['out_y_A_logs_variant'], tolerance=1e-5)
