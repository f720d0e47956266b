"""The authors' numbers, reproduced (tests/data/parity)."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.weights.conversion.mcf_mamba import (
    MCMF_RULES,
    convert_mcf_mamba,
)
from multimodal_rs.weights.conversion.rules import rename_keys
from multimodal_rs.weights.conversion.vmamba import convert_vmamba

CONFIG = 'configs/mcf_mamba/mcf-mamba_vmamba-t_1xb8-100e_dfc2020-256x256.py'


@torch.no_grad()
def test_fusion():
    neck = MODELS.build(
        dict(
            type='MCMFNeck',
            modalities=('opt', 'sar'),
            channels=(32, 64),
            in_index=(0, 1),
        )
    ).eval()
    state, unmatched, _ = rename_keys(author_state('mcmf'), MCMF_RULES)
    assert unmatched == []
    neck.load_state_dict(state, strict=True)
    io = parity_arrays('mcmf')
    fused = neck(
        dict(
            opt=(io['in_m1_0'], io['in_m1_1']),
            sar=(io['in_m2_0'], io['in_m2_1']),
        )
    )
    for i, level in enumerate(fused):
        # the residual would hide errors of the rest
        residual = io[f'in_m1_{i}'] + io[f'in_m2_{i}']
        expected = io[f'out_fus_{i}'] - residual
        assert_parity(level - residual, expected, tolerance=1e-5)


@pytest.fixture(scope='module')
def network():
    model = MODELS.build(Config.fromfile(ROOT / CONFIG).model).eval()
    assert sum(p.numel() for p in model.parameters()) == 63_431_808
    state, unmatched, _ = convert_mcf_mamba(author_state('mcfmamba_tiny'))
    assert unmatched == []
    model.load_state_dict(state, strict=True)
    return model


@torch.no_grad()
def test_network_from_the_shipped_config(network):
    io = parity_arrays('mcfmamba_tiny')
    inputs = dict(opt=io['in_m1'], sar=io['in_m2'])
    metas = [dict(img_shape=(128, 128), ori_shape=(128, 128))]
    logits = network.encode_decode(inputs, metas)
    assert_parity(logits, io['out_logits'], tolerance=1e-5)


@torch.no_grad()
def test_masked_network(network):
    io = parity_arrays('mcfmamba_tiny')
    inputs = dict(opt=io['in_m1'], sar=io['in_m2'])
    masks = dict(opt=io['in_mask1'], sar=io['in_mask2'])
    fused = network.neck(network.backbone(inputs, masks))
    logits = network.decode_head(fused)
    assert_parity(logits, io['out_logits_masked'], tolerance=1e-5)
    assert not torch.allclose(logits, io['out_logits'], atol=1.0)


@pytest.mark.parametrize(
    'key',
    [
        'backbone.branch_m3.patch_embed.0.weight',
        'backbone.fusion_module.fusion_layers.0.in_norm_m3.weight',
        'backbone.fusion_module.fusion_layers.0.Ds2',
        'sem_seg_head.layers_up.0.attention.weight',
    ],
)
def test_a_key_without_a_rule_is_reported(key):
    state = {
        key: torch.zeros(1),
        'sem_seg_head.output.weight': torch.zeros(8, 96, 1, 1),
    }
    conversion = convert_mcf_mamba(state)
    assert conversion.unmatched == [key]
    assert list(conversion.state) == ['decode_head.conv_seg.weight']


def test_the_classifier_of_vmamba_is_dropped_and_the_rest_is_strict():
    state = author_state('vssm_tiny')
    state['head.weight'] = torch.zeros(10, 768)
    state['neck.weight'] = torch.zeros(1)
    converted, unmatched, dropped = convert_vmamba(state)
    assert unmatched == ['neck.weight']
    assert dropped == ['classifier.head.weight']
    backbone = MODELS.build(dict(type='VMamba', arch='tiny-v0'))
    backbone.load_state_dict(converted, strict=True)
