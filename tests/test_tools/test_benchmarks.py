"""The benchmarks compare like with like, and lay their rows out."""

import csv

import pytest
import torch

import _microkernels
import _scan_baselines
import _scan_rows
import benchmark_model
import benchmark_ops
from helpers import ROOT
from multimodal_rs.ops import selective_scan, ss2d


@pytest.fixture
def small(monkeypatch):
    """Rows of the table on maps of 4x4."""
    for name, value in dict(CHANNELS=16, SIDE=4, RANK=2).items():
        monkeypatch.setattr(_scan_rows, name, value)


def assert_equal(comparison):
    """Both sides of a comparison give the same, up to rounding."""
    sides = comparison.baseline(), comparison.ours()
    if isinstance(sides[0], torch.Tensor):
        sides = [(side,) for side in sides]
    for a, b in zip(*sides, strict=True):
        assert (a - b).abs().max() <= 1e-5 * a.abs().max()


@pytest.mark.parametrize('backward', [False, True])
@pytest.mark.parametrize('backend', ['auto', 'torch'])
def test_both_sides_of_the_scan_agree(small, backward, backend):
    assert_equal(_scan_rows.scan_comparison(3, backward, backend))


@pytest.mark.parametrize('backward', [False, True])
def test_both_sides_of_ss2d_agree(small, backward):
    assert_equal(_scan_rows.ss2d_comparison(3, backward))


def test_composition_on_a_map_that_is_not_square():
    torch.manual_seed(0)
    arguments = (
        torch.randn(2, 3, 5, 8),
        torch.randn(4, 2 + 2 * 3, 8),
        torch.randn(4, 8, 2),
        torch.randn(4, 8),
        -torch.rand(32, 3),
        torch.randn(32),
    )
    expected = ss2d(*arguments, backend='reference')
    for by_index in (False, True):
        y = _scan_baselines.composed_ss2d(*arguments, by_index)
        torch.testing.assert_close(y, expected)


def test_layers_without_a_scan_still_use_every_parameter(small):
    arguments = [a.requires_grad_() for a in _scan_rows.ss2d_arguments(3)]
    y = _scan_baselines.composed_ss2d(
        *arguments, by_index=False, scan=_scan_rows.without_scan
    )
    gradients = torch.autograd.grad(y.sum(), arguments)
    assert all(g.abs().sum() > 0 for g in gradients)
    assert not torch.allclose(y, ss2d(*arguments))


def test_bound_is_of_this_machine(small):
    assert _microkernels.softplus_per_second() > 1e6
    rate = _microkernels.state_updates_per_second()
    assert rate > 1e6
    assert _scan_rows.arithmetic_bound(3) > 2 * 4 * 16 * 16 * 3 / (10 * rate)


def row(name, ratio):
    what, floor, aim = benchmark_ops.TARGETS[name]
    values = (name, what, 2.0, 0.5, 0.25, ratio, floor, aim, 1)
    return dict(zip(benchmark_ops.HEADER, values, strict=True))


def test_rows_are_kept_laid_out_and_judged(tmp_path, capsys):
    rows = {n: row(n, r) for n, r in (('C1', 50), ('C10a', 0.5))}
    benchmark_ops._write(tmp_path / 'scan.csv', rows)
    options = ['--out', str(tmp_path), '--threads', '1']
    assert benchmark_ops.main(['--rows', 'C1', 'C10a', *options]) == 0
    printed = capsys.readouterr().out
    assert '| C1 | scan, forward, N=16 | 50 | 40 | 60 |' in printed
    assert (tmp_path / 'scan.png').stat().st_size > 1000
    rows['C10a'] = row('C10a', 1.5)  # less is better
    benchmark_ops._write(tmp_path / 'scan.csv', rows)
    assert benchmark_ops.main(['--rows', 'C1', 'C10a', *options]) == 1
    assert 'below the floor: C10a' in capsys.readouterr().out
    with (tmp_path / 'scan.csv').open() as file:
        assert [r['row'] for r in csv.DictReader(file)] == ['C1', 'C10a']


def test_training_step_of_a_config(capsys):
    name = 'mcf-mamba_vmamba-xt_1xb8-15e_simulated-128x128'
    config = ROOT / f'configs/mcf_mamba/{name}.py'
    options = ['--shape', '40', '32', '--batch', '1', '--steps', '1']
    benchmark_model.main([str(config), *options])
    printed = capsys.readouterr().out
    assert f'{name}: batch 1 of 40x32' in printed
    share = int(printed.split('selective scans: ')[1].split('%')[0])
    assert 0 < share < 100
    ratio = float(printed.split('the step takes ')[1].split(' times')[0])
    assert ratio > 1


@pytest.mark.parametrize('groups', [1, 4])
def test_products_of_a_step_are_counted(groups):
    x = torch.randn(2, 4, 8, 8, requires_grad=True)
    layer = torch.nn.Conv2d(4, 8, 3, padding=1, groups=groups)

    def step():
        layer(x).sum().backward()

    forward = 2 * 2 * 8 * (4 // groups) * 9 * 64
    assert benchmark_model.count_products(step) == 3 * forward
    x.requires_grad_(False)  # as an image is
    assert benchmark_model.count_products(step) == 2 * forward


def test_loops_agree_with_each_other():
    torch.manual_seed(0)
    u = torch.randn(1, 4, 6)
    b = torch.randn(1, 2, 3, 6)
    arguments = (u, u, -torch.rand(4, 3), b, b, torch.ones(4), torch.ones(4))
    expected = selective_scan(*arguments, backend='reference')
    for by_index in (False, True):
        y = _scan_baselines.loop_scan(*arguments, by_index)
        torch.testing.assert_close(y, expected)
