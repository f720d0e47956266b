"""The backend in plain torch: derivatives and division into chunks."""

import pytest
import torch

from multimodal_rs.ops import selective_scan, ss2d
from multimodal_rs.ops.backends import torch as plain
from multimodal_rs.ops.routes import CROSS4
from scan_cases import (
    SCAN_NAMES,
    SS2D_NAMES,
    assert_close,
    doubled,
    exact_scan,
    on,
    results,
    scan_arguments,
    ss2d_arguments,
)


def leaves(arguments, names):
    return [arguments[n].double().requires_grad_() for n in names]


@pytest.mark.parametrize('states', [1, 2, 3])
@pytest.mark.parametrize('softplus', [True, False])
def test_derivatives_in_float64(monkeypatch, states, softplus):
    monkeypatch.setattr(plain, 'MIN_STEPS', 2)
    monkeypatch.setattr(plain, 'CHUNK_ELEMENTS', 1)
    arguments = scan_arguments(2, 2, 1, states, 5)
    if not softplus:  # steps may be negative, but states must not explode
        arguments['delta'] *= 0.1

    def scan(*tensors):
        return selective_scan(*tensors, softplus, backend='torch')

    assert torch.autograd.gradcheck(scan, leaves(arguments, SCAN_NAMES))


def test_derivatives_of_ss2d_in_float64():
    arguments = ss2d_arguments(1, 1, (2, 3), 2, 2, 1, CROSS4)

    def scan(*tensors):
        return ss2d(*tensors, backend='torch')

    assert torch.autograd.gradcheck(scan, leaves(arguments, SS2D_NAMES))


def test_second_derivative_is_refused_not_wrong():
    arguments = scan_arguments(1, 1, 2, 1, 4)
    u, *rest = leaves(arguments, SCAN_NAMES)
    y = selective_scan(u, *rest, backend='torch')
    (first,) = torch.autograd.grad(y.square().sum(), u, create_graph=True)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(first.square().sum(), u)


@pytest.mark.parametrize(
    ('step_elements', 'chunk_elements', 'min_steps'),
    [
        (2**15, 2**19, 8),  # all at once
        (2**15, 1, 8),  # chunks of 8 steps, the last one shorter
        (1, 1, 8),  # and one row of the batch after the other
        (200, 1, 1),  # two rows, then one; chunks of a single step
    ],
)
def test_division_changes_nothing(
    monkeypatch, step_elements, chunk_elements, min_steps
):
    monkeypatch.setattr(plain, 'STEP_ELEMENTS', step_elements)
    monkeypatch.setattr(plain, 'CHUNK_ELEMENTS', chunk_elements)
    monkeypatch.setattr(plain, 'MIN_STEPS', min_steps)
    arguments = scan_arguments(3, 2, 9, 5, 37)
    found = results(selective_scan, on('torch', arguments))
    assert_close(found, exact_scan(arguments))


def test_division_fits_the_arguments():
    u, A = torch.empty(2, 768, 4096), torch.empty(768, 16)
    assert plain._division(u, A) == (2, 21)
    # More than one row of the batch would leave the cache.
    assert plain._division(torch.empty(16, 3072, 64), A.repeat(4, 1)) == (
        1,
        10,
    )
    # Narrow: the whole sequence is a chunk.
    assert plain._division(u[:, :8], A[:8, :1]) == (2, 4096)


def test_states_are_kept_for_a_fraction_of_the_steps():
    u, A = torch.empty(2, 768, 4096), torch.empty(768, 16)
    B = torch.empty(2, 4, 16, 4096)
    assert plain.BACKEND.selective_scan_saved(u, A, B) < u.numel() * 16 / 20


def test_no_gradient_keeps_nothing():
    arguments = scan_arguments(1, 2, 3, 4, 9)
    _, saved = plain.BACKEND.selective_scan_forward(
        *arguments.values(), True, False
    )
    assert saved.numel() == 0


def test_first_denormal_is_flushed():
    x = torch.tensor([1e-39, -1e-39, 1e-20, float('nan'), float('inf')])
    y = plain._without_denormals(x)
    assert y[:3].tolist() == [0, 0, x[2].item()]
    assert y[3].isnan() and y[4].isinf()


def test_float64_stays_float64():
    arguments = doubled(scan_arguments(1, 1, 3, 2, 9))
    found = results(selective_scan, on('torch', arguments))
    assert all(v.dtype == torch.float64 for v in found.values())
    assert_close(found, exact_scan(arguments), 1e-13)
