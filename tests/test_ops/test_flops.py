"""The cost of the scans in mmengine's complexity analysis."""

import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from torch import nn

from helpers import ROOT
from multimodal_rs.ops import operators, selective_scan, ss2d
from multimodal_rs.ops.flops import flop_handles
from multimodal_rs.ops.routes import CROSS4
from multimodal_rs.results.complexity import count_flops
from scan_cases import runnable_backends, scan_arguments, ss2d_arguments

MCF_MAMBA = 'configs/mcf_mamba/mcf-mamba_vmamba-{}.py'


class Called(nn.Module):
    """A function as a network."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *tensors):
        return self.function(*tensors)


def counted(function, arguments):
    analyzer = FlopAnalyzer(Called(function), tuple(arguments.values()))
    analyzer.set_op_handle(**flop_handles())
    return dict(analyzer.by_operator())


@pytest.mark.parametrize(
    'backend', [b for b in runnable_backends() if b != 'reference']
)
def test_same_for_all_backends(backend):
    def scan(*tensors):
        return selective_scan(*tensors, backend=backend)

    def maps(*tensors):
        return ss2d(*tensors, backend=backend)

    # 2 sequences of 7 steps, 4 * 3 channels, 5 states
    assert counted(scan, scan_arguments(2, 4, 3, 5, 7)) == dict(
        scan=2 * (9 * 7 * 12 * 5 + 12 * 7)
    )
    # 4 routes, 2 images of 2 x 3 pixels, 3 channels, 5 states, rank 1
    assert counted(maps, ss2d_arguments(1, 2, (2, 3), 3, 5, 1, CROSS4)) == {
        'scan': 2 * (9 * 6 * 12 * 5 + 12 * 6),
        'scan projections': 2 * 4 * 6 * 3 * (1 + 10 + 1),
    }


def test_attention_counts_as_its_products():
    shapes = dict(q=(2, 3, 7, 4), k=(2, 3, 5, 4), v=(2, 3, 5, 6))
    tensors = {name: torch.rand(shape) for name, shape in shapes.items()}

    def written_out(q, k, v):
        return (q @ k.transpose(-1, -2)).softmax(-1) @ v

    fused = counted(nn.functional.scaled_dot_product_attention, tensors)
    assert fused == dict(attention=2 * 3 * 7 * 5 * (4 + 6))
    assert sum(counted(written_out, tensors).values()) == fused['attention']


def test_autograd_function_of_older_torch(monkeypatch):
    monkeypatch.delattr(torch.library, 'custom_op', raising=False)
    functions = (operators._scan_forward, None, operators._scan_backward, None)
    function = operators._Operator('selective_scan', functions, 7, 2)

    def scan(*tensors):
        return function(*tensors, True, 'torch', False)[0]

    assert counted(scan, scan_arguments(2, 4, 3, 5, 7)) == dict(
        scan=2 * (9 * 7 * 12 * 5 + 12 * 7)
    )


def test_mcf_mamba_of_the_paper():
    """25.2 G = 12.68 linear + 8.32 scan + 3.50 projections + 0.56 + 0.16.

    Counted on the authors' code at 256 x 256; here at 32 x 32, where all
    terms are one 64th.
    """
    cfg = Config.fromfile(
        ROOT / MCF_MAMBA.format('t_1xb8-100e_dfc2020-256x256')
    )
    init_default_scope('mmseg')
    model = MODELS.build(cfg.model).eval()
    operators, parts = count_flops(model, dict(opt=4, sar=2), (32, 32))
    expected = {
        'linear': 12.68,
        'scan': 8.32,
        'scan projections': 3.50,
        'conv': 0.56,
        'layer_norm': 0.16,
    }
    assert operators.keys() == expected.keys()
    for name, giga in expected.items():
        assert 64 * operators[name] / 1e9 == pytest.approx(giga, abs=0.005)
    assert set(parts) == {'backbone', 'neck', 'decode_head'}
    assert sum(parts.values()) == sum(operators.values())
