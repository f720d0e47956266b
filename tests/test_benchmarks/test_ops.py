"""The benchmarks compare like with like, and lay their rows out."""

import csv
import sys

import pytest
import torch

import _gpu_rows
import _microkernels
import _scan_baselines
import _scan_rows
import _scan_table
import _scan_targets
import ops
from helpers import ROOT
from multimodal_rs.ops import selective_scan, ss2d
from tool_runs import run


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
    target = _scan_targets.ALL[name]
    values = (name, target.what, 's', 2.0, 0.5, 0.25, ratio)
    values += (target.floor, target.aim, '1 threads')
    return dict(zip(_scan_table.HEADER, values, strict=True))


def test_rows_are_kept_laid_out_and_judged(tmp_path, capsys):
    rows = {n: row(n, r) for n, r in (('C1', 50), ('C10a', 0.5))}
    table = tmp_path / 'scan_cpu.csv'
    _scan_table.write(table, rows)
    options = ['--out', str(tmp_path), '--threads', '1']
    assert ops.main(['--rows', 'C1', 'C10a', *options]) == 0
    printed = capsys.readouterr().out
    line = '| C1 | scan, forward, N=16 | 50 | 40 | 60 | 500.0 (250.0) ms |'
    assert line in printed
    assert (tmp_path / 'scan_cpu.png').stat().st_size > 1000
    rows['C10a'] = row('C10a', 1.5)  # less is better
    _scan_table.write(table, rows)
    assert ops.main(['--rows', 'C1', 'C10a', *options]) == 1
    assert 'below the floor: C10a' in capsys.readouterr().out
    with table.open() as file:
        assert [r['row'] for r in csv.DictReader(file)] == ['C1', 'C10a']


def test_rows_of_another_device_are_refused(capsys):
    with pytest.raises(SystemExit):
        ops.main(['--rows', 'C1', 'G5'])
    assert 'no G5 on cpu, expected some of C1 C2' in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a device')
def test_without_a_gpu_nothing_is_measured_on_it(tmp_path, capsys):
    options = ['--device', 'cuda', '--out', str(tmp_path)]
    assert ops.main(options) == 2
    assert 'torch sees no CUDA device' in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_sides_are_measured_turn_by_turn():
    order, clock = [], iter([5.0, 1.0, 6.0, 2.0, 9.0, 3.0])

    def seconds(side):
        order.append(side)
        return next(clock)

    assert ops.in_turns('ab', seconds) == [6.0, 2.0]
    assert ''.join(order) == 'ababab'


def test_every_row_has_a_case():
    assert _gpu_rows.CASES.keys() == _scan_targets.GPU.keys()


@pytest.mark.parametrize('kind', [_gpu_rows.forward, _gpu_rows.backward])
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_both_sides_of_the_gpu_rows_agree(small, kind, dtype):
    case = _gpu_rows.Case(3, 2, dtype, 'cpu')
    baseline = _gpu_rows.composition('torch', compiled=False)
    tolerance = 1e-5 if dtype == torch.float32 else 0.02
    comparison = kind(case, baseline)
    for a, b in zip(comparison.baseline(), comparison.ours(), strict=True):
        assert (a - b).abs().max() <= tolerance * a.abs().max()


def test_without_a_published_kernel_the_remedy_is_said(monkeypatch):
    monkeypatch.setattr(
        _gpu_rows, 'available_backends', lambda: dict.fromkeys(
            ('vmamba', 'mamba_ssm'), 'not there: pip install it'
        )
    )  # fmt: skip
    with pytest.raises(RuntimeError, match='mamba_ssm: not there: pip inst'):
        _gpu_rows.published_kernel()


def test_bound_of_a_gpu():
    """Figures of an H200, worked out by hand: 4.3 TB/s, 4.18e12 exp2/s."""

    def bound(*case, exponentials=4.18e12):
        return 1e6 * _gpu_rows.bound(
            _gpu_rows.Case(*case), 4.3e12, exponentials
        )

    assert bound(16, 16) == pytest.approx(217, abs=1)
    assert bound(16, 16, exponentials=1e20) == pytest.approx(54, abs=1)
    bfloat16 = bound(16, 16, torch.bfloat16, exponentials=1e20)
    assert bfloat16 == pytest.approx(33, abs=1)
    assert bound(1, 16) == pytest.approx(39, abs=1)


INTERPRETED = """
import torch
from _gpu_roofs import repeat_exponential
x = torch.rand(64)
y = x.clone()
repeat_exponential[(4,)](y, 16, 3)
for _ in range(3):
    x = torch.exp2(-x)
torch.testing.assert_close(y, x)
"""


def test_roof_takes_exponentials():
    pytest.importorskip('triton')
    run(
        *(sys.executable, '-c', INTERPRETED),
        TRITON_INTERPRET='1',
        PYTHONPATH=str(ROOT / 'benchmarks'),
    )


@pytest.mark.gpu
def test_gpu_rows_run(small, tmp_path):
    options = ['--device', 'cuda', '--out', str(tmp_path)]
    assert ops.main(['--rows', 'G5', *options]) in (0, 1)
    baseline = _gpu_rows.composition('torch')
    assert_equal(_gpu_rows.forward(_gpu_rows.Case(16, 2), baseline))
    theirs, ours = _gpu_rows.layer_memory(_gpu_rows.Case(16, 2), baseline)
    assert theirs > 0
    assert ours > 0


def test_loops_agree_with_each_other():
    torch.manual_seed(0)
    u = torch.randn(1, 4, 6)
    b = torch.randn(1, 2, 3, 6)
    arguments = (u, u, -torch.rand(4, 3), b, b, torch.ones(4), torch.ones(4))
    expected = selective_scan(*arguments, backend='reference')
    for by_index in (False, True):
        y = _scan_baselines.loop_scan(*arguments, by_index)
        torch.testing.assert_close(y, expected)
