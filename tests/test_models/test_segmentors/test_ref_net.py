"""Heads that read what the neck makes of the modalities."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT
from multimodal_rs.ops.flops import flop_analyzer

CONFIG = 'configs/ref_net/ref-net_r18_1xb8-8e_ombria-128x128.py'
FULL = 'configs/ref_net/ref-net_r50_1xb8-70k_dfc2020-256x256.py'
SIZE = (41, 64)


@pytest.fixture(scope='module')
def network():
    torch.manual_seed(0)
    return MODELS.build(Config.fromfile(ROOT / CONFIG).model).eval()


@pytest.fixture
def inputs():
    return dict(opt=torch.randn(2, 3, *SIZE), sar=torch.randn(2, 1, *SIZE))


@torch.no_grad()
def test_the_fused_head_answers_without_the_modality_paths(network, inputs):
    ran = []
    handles = [
        path.register_forward_hook(lambda *_: ran.append(1))
        for path in network.neck.enhancement.values()
    ]
    logits = network.encode_decode(inputs, [{}])
    assert logits.shape == (2, 2, *SIZE)
    assert ran == []
    network.predict_modalities(inputs)
    assert len(ran) == 2
    for handle in handles:
        handle.remove()


@torch.no_grad()
@pytest.mark.parametrize('name, other', [('opt', 'sar'), ('sar', 'opt')])
def test_a_path_alone_compares_with_a_black_image(
    network, inputs, name, other
):
    alone = network.encode_decode({name: inputs[name]}, [{}])
    black = network.data_preprocessor.missing_image(other, inputs[name])
    both = {name: inputs[name], other: black}
    specific = network.predict_modalities(both)
    torch.testing.assert_close(alone, specific[name])
    inputs[other].fill_(torch.nan)
    metas = [dict(present_modalities=(name,))] * 2
    torch.testing.assert_close(network.encode_decode(inputs, metas), alone)


def test_cost_and_size_of_the_full_network():
    """What the authors' network has without what inference leaves out."""
    network = MODELS.build(Config.fromfile(ROOT / FULL).model).eval()
    unused = [network.neck.enhancement, network.modality_heads]
    count = sum(p.numel() for p in network.parameters())
    count -= sum(p.numel() for m in unused for p in m.parameters())
    # the fused head has eight outputs here, theirs nine
    assert count == 55_479_369 - 129
    inputs = dict(opt=torch.rand(1, 3, 64, 64), sar=torch.rand(1, 2, 64, 64))
    with torch.no_grad():
        operators = flop_analyzer(network, inputs).by_operator()
    products = ('conv', 'linear', 'scan projections')
    per_image = 16 / 1e9  # of 256 x 256, in G
    cost = sum(operators[name] for name in products) * per_image
    assert cost == pytest.approx(49.68, abs=0.01)
    assert operators['scan'] * per_image == pytest.approx(0.894, abs=1e-3)
