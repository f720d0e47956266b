"""The authors' numbers, reproduced (tests/data/parity)."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

import rgbx_reference
from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.weights.conversion import converters

CONFIG = 'configs/{0}/{0}_mit-b2_1xb8-200e_dfc2020-256x256.py'
THREE_BANDS = dict(bands=[0, 1, 2])


def shipped(source, modalities):
    """The network of the shipped config; three bands per modality."""
    model = Config.fromfile(ROOT / CONFIG.format(source)).model
    if len(modalities) > 2:
        declared = {m: THREE_BANDS for m in modalities}
        model.data_preprocessor.modalities = declared
    return MODELS.build(model).eval()


@pytest.mark.parametrize(
    'source, fixture, modalities, parameters',
    [
        ('cmx', 'cmx_mit_b2', ('opt', 'sar'), 66_565_008),
        ('cmnext', 'cmnext_b2_2', ('opt', 'sar'), 58_685_504),
        ('cmnext', 'cmnext_b2_3', ('opt', 'sar', 'dem'), 58_710_088),
    ],
    ids=['cmx', 'cmnext two', 'cmnext three'],
)
@torch.no_grad()
def test_network_from_the_shipped_config(
    source, fixture, modalities, parameters
):
    model = shipped(source, modalities)
    assert sum(p.numel() for p in model.parameters()) == parameters
    theirs = author_state(fixture)
    state, unmatched, _ = converters()[source](theirs)
    assert unmatched == []
    model.load_state_dict(state, strict=True)

    io = parity_arrays(fixture)
    inputs = {m: io[f'in_{m}'] for m in modalities}
    (fused,) = model.backbone(inputs).values()
    for level, x in enumerate(fused):
        assert_parity(x, io[f'out_fused_l{level}'])
    assert_parity(logits(model, inputs), io['out_logits'])

    # Another opinion, which agrees on the fixture, at an odd size.
    reference = getattr(rgbx_reference, source)
    expected = reference(theirs, list(inputs.values()))
    assert_parity(expected, io['out_logits'])
    odd = {m: torch.randn(1, 3, 45, 83) for m in modalities}
    assert_parity(logits(model, odd), reference(theirs, list(odd.values())))


def logits(model, inputs):
    size = tuple(inputs['opt'].shape[2:])
    metas = [dict(img_shape=size, ori_shape=size)]
    return model.encode_decode(inputs, metas)


@pytest.mark.parametrize('source', ['cmx', 'cmnext'])
def test_a_key_without_a_rule_is_reported(source):
    state = {'backbone.third_block1.0.norm1.weight': torch.zeros(1)}
    assert converters()[source](state).unmatched == list(state)
