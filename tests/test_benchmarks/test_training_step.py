"""A training step against itself on loops."""

import pytest
import torch

import _scan_baselines
import training_step
from helpers import ROOT
from multimodal_rs.models.layers.ss2d_layer import SS2DLayer
from multimodal_rs.models.necks.mcmf_neck import MCMFNeck


def test_training_step_with_loops(capsys):
    name = 'ref-net_r18_1xb8-15e_simulated-128x128'
    config = ROOT / f'configs/ref_net/{name}.py'
    options = ['--shape', '32', '64', '--batch', '2', '--turns', '2']
    training_step.main([str(config), *options])
    last = capsys.readouterr().out.splitlines()[-2:]
    for line, clock in zip(last, ('wall', 'cpu'), strict=True):
        assert line.startswith(f'  scans as loops, {clock} time: ')
        assert line.count(' s to ') == 2
        assert float(line.split(', ')[-1]) > 0


def test_network_with_loops_is_the_same_network():
    torch.manual_seed(0)
    layer = SS2DLayer(6, state_size=2).eval()
    x = torch.randn(2, 5, 7, 6)
    expected = layer(x)
    with _scan_baselines.network_with(_scan_baselines.loops_ss2d, layer):
        looped = layer(x)
    assert not torch.equal(looped, expected)
    torch.testing.assert_close(looped, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(layer(x), expected)


def test_no_loops_for_several_maps():
    neck = MCMFNeck(('opt', 'sar'), (8,), in_index=(0,))
    x = torch.randn(1, 8, 4, 4)
    with (
        _scan_baselines.network_with(_scan_baselines.loops_ss2d, neck),
        pytest.raises(ValueError, match='8 routes'),
    ):
        neck({'opt': (x,), 'sar': (x,)})
