"""Cases of test_triton.py, run by it in a process of their own.

Small, because Triton's interpreter takes about 0.05 s per step of a program:
chunks of 4 steps, and frames of 2 in them, so that 5 steps are two chunks.
"""

import pytest
import torch

from multimodal_rs.ops import CROSS4, CROSS8, Route, selective_scan, ss2d
from multimodal_rs.ops.backends.triton import interpreted, tiles
from scan_cases import (
    assert_close,
    exact_scan,
    exact_ss2d,
    results,
    scan_arguments,
    ss2d_arguments,
)

SOME_ROUTES = (Route(1, True, False), Route(0, False, True))


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(tiles, 'CHUNK', 4)
    monkeypatch.setattr(tiles, 'MAX_STEPS', 2)


@pytest.fixture
def whole(monkeypatch):
    """No cutting into segments, which few programs would be."""
    monkeypatch.setattr(tiles, 'FEW_WARPS', 0)


@pytest.fixture
def deterministic():
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def on_triton(arguments: dict) -> dict:
    device = 'cpu' if interpreted() else 'cuda'
    moved = {
        k: v.to(device) if torch.is_tensor(v) else v
        for k, v in arguments.items()
    }
    return dict(moved, backend='triton')


def scans_agree(arguments):
    found = results(selective_scan, on_triton(arguments))
    assert_close(found, exact_scan(arguments))


def maps_agree(*shape):
    arguments = dict(ss2d_arguments(*shape), routes=shape[-1])
    found = results(ss2d, on_triton(arguments))
    assert_close(found, exact_ss2d(arguments))


# batch, groups, channels, states, steps; 70 channels are several tiles
SHAPES = [(1, 2, 3, 4, 5), (1, 1, 2, 16, 9), (2, 1, 1, 1, 1), (1, 1, 70, 2, 3)]


@pytest.mark.parametrize('shape', SHAPES)
def test_scan_in_segments(shape):
    scans_agree(scan_arguments(*shape))


def test_scan_in_one_piece(whole):
    scans_agree(scan_arguments(1, 1, 3, 3, 11))


def test_scan_without_options(whole):
    arguments = scan_arguments(1, 2, 5, 1, 6)
    arguments.update(D=None, delta_bias=None, delta_softplus=False)
    arguments['delta'] = 0.1 * arguments['delta']
    scans_agree(arguments)


def test_many_states(whole):
    scans_agree(scan_arguments(1, 1, 2, 100, 2))


def test_strides_zeros_and_huge_steps():
    arguments = scan_arguments(1, 1, 3, 2, 9)
    arguments['u'][..., 5:] = 0
    arguments['delta'][..., 1] = 100
    arguments['delta'][..., 2] = -100
    arguments['u'] = arguments['u'].mT.contiguous().mT
    arguments['B'] = arguments['B'][..., :1].expand(-1, -1, -1, 9)
    arguments['C'] = arguments['C'].flip(2).transpose(0, 3)
    arguments['C'] = arguments['C'].contiguous().transpose(0, 3)
    scans_agree(arguments)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_16_bit(whole, dtype):
    arguments = scan_arguments(1, 1, 2, 2, 4)
    for name in ('u', 'delta', 'B', 'C'):
        arguments[name] = arguments[name].to(dtype)
    found, exact = (
        results(selective_scan, on_triton(arguments)),
        exact_scan(arguments),
    )
    wide = ('y', 'dA', 'dD', 'ddelta_bias')
    narrow = found.keys() - wide
    assert all(found[k].dtype == dtype for k in narrow)
    assert_close({k: found[k] for k in wide}, {k: exact[k] for k in wide})
    assert_close(
        {k: found[k] for k in narrow},
        {k: exact[k] for k in narrow},
        torch.finfo(dtype).eps,
    )


# sources, batch, (h, w), channels, states, rank, routes
@pytest.mark.parametrize(
    'shape',
    [
        (1, 1, (2, 3), 3, 2, 2, CROSS4),
        (2, 1, (1, 3), 2, 1, 1, CROSS8),
        (2, 2, (2, 3), 2, 3, 1, SOME_ROUTES),
    ],
)
def test_maps(whole, shape):
    maps_agree(*shape)


def test_maps_in_segments():
    maps_agree(1, 1, (3, 2), 2, 4, 1, CROSS4[2:])


def test_maps_in_a_fixed_order(whole, deterministic):
    maps_agree(1, 1, (2, 2), 70, 1, 1, CROSS4[1:3])


def test_16_bit_maps(whole):
    """The projection is rounded to the dtype of x, here and in plain torch."""
    arguments = ss2d_arguments(1, 1, (2, 2), 4, 1, 2, CROSS4)
    arguments.update(x=arguments['x'].bfloat16(), routes=CROSS4)
    exact = exact_ss2d(arguments)
    plain = results(ss2d, dict(arguments, backend='torch'))
    found = results(ss2d, on_triton(arguments))
    for name, value in exact.items():
        ours, theirs = (
            (x[name].double() - value).abs().max() for x in (found, plain)
        )
        assert ours <= 2 * theirs, name


def test_without_gradients_nothing_is_kept(whole):
    arguments = on_triton(scan_arguments(1, 1, 2, 2, 3))
    with torch.no_grad():
        y = selective_scan(**arguments)
    torch.testing.assert_close(
        y, selective_scan(**dict(arguments, backend='torch'))
    )
