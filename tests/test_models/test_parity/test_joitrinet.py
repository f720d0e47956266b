"""The authors' numbers, reproduced (tests/data/parity)."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.models.layers.deeplabv3plus_decoder import (
    DeepLabV3PlusDecoder,
)
from multimodal_rs.models.layers.mdafm import MDAFM
from multimodal_rs.weights.conversion.joitrinet import (
    DECODER_RULES,
    MDAFM_RULES,
    convert_joitrinet,
)
from multimodal_rs.weights.conversion.rules import rename_keys

CONFIG = 'configs/joitrinet/joitrinet-{}_r101_1xb8-200e_dfc2020-256x256.py'


def load(module, name, rules):
    state, unmatched, _ = rename_keys(author_state(name), rules)
    assert unmatched == []
    module.load_state_dict(state, strict=True)
    return module.eval()


@torch.no_grad()
def test_mdafm():
    module = load(MDAFM(('opt', 'sar'), 32), 'mdafm', MDAFM_RULES)
    io = parity_arrays('mdafm')
    fused = module(dict(opt=io['in_opt'], sar=io['in_sar']))
    torch.testing.assert_close(fused, io['out_fused'], rtol=0, atol=1e-5)


@torch.no_grad()
def test_decoder():
    decoder = DeepLabV3PlusDecoder((16, 24), in_index=(0, 1), channels=12)
    load(decoder, 'joitrinet_decoder', DECODER_RULES)
    io = parity_arrays('joitrinet_decoder')
    aspp = decoder.aspp(io['in_low'])
    torch.testing.assert_close(aspp, io['out_aspp'], rtol=0, atol=1e-5)
    (out,) = decoder((io['in_high'], io['in_low']))
    torch.testing.assert_close(out, io['out_decoder'], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    'kind, parameters', [('d', 91_539_162), ('e', 104_149_836)]
)
@torch.no_grad()
def test_network_from_the_shipped_config(kind, parameters):
    config = Config.fromfile(ROOT / CONFIG.format(kind))
    model = MODELS.build(config.model).eval()
    assert sum(p.numel() for p in model.parameters()) == parameters

    state, unmatched, _ = convert_joitrinet(author_state(f'joitrinet_{kind}'))
    assert unmatched == []
    model.load_state_dict(state, strict=True)

    io = parity_arrays(f'joitrinet_{kind}')
    inputs = dict(opt=io['in_m1'], sar=io['in_m2'])
    metas = [dict(img_shape=(128, 128), ori_shape=(128, 128))]
    assert_parity(model.encode_decode(inputs, metas), io['out_logits_fused'])

    heads = model.predict_modalities(inputs)
    assert_parity(heads['opt'], io['out_logits_opt'])
    assert_parity(heads['sar'], io['out_logits_sar'])

    only_sar = model.encode_decode(dict(sar=io['in_m2']), metas)
    assert_parity(only_sar, io['out_logits_sar'])


def test_a_key_without_a_rule_is_reported():
    state = author_state('joitrinet_d')
    state['encoder_m3.conv1.weight'] = torch.zeros(1)
    assert convert_joitrinet(state).unmatched == ['encoder_m3.conv1.weight']
