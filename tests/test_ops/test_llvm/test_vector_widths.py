"""The kernels of other machines: 128-, 256- and 512-bit registers.

LLVM splits vectors that are wider than the machine's, so all of them run
everywhere.
"""

import pytest
import torch

from multimodal_rs.ops import cross_routes, selective_scan, ss2d
from multimodal_rs.ops.backends.llvm import BACKEND

if BACKEND.unavailable() is not None:
    pytest.skip(BACKEND.unavailable(), allow_module_level=True)

from multimodal_rs.ops.backends.llvm import host_2d, jit


@pytest.fixture(params=[4, 8, 16])
def width(request, monkeypatch):
    for module in (jit, host_2d):
        monkeypatch.setattr(module, 'vector_width', lambda: request.param)
    jit.kernel_for.cache_clear()
    yield request.param
    jit.kernel_for.cache_clear()


def assert_equals_reference(function, arguments):
    results = []
    for dtype, backend in (
        (torch.float64, 'reference'),
        (torch.float32, 'llvm'),
    ):
        leaves = [a.to(dtype).requires_grad_() for a in arguments]
        y = function(*leaves, backend=backend)
        results.append([y, *torch.autograd.grad(y.square().sum(), leaves)])
    for expected, got in zip(*results, strict=True):
        error = (got - expected).abs().max() / expected.abs().max()
        assert error < 2e-6


def test_scan(width):
    arguments = (
        torch.randn(2, 3 * 10, 70),
        torch.randn(2, 3 * 10, 70),
        -torch.rand(30, 9),
        torch.randn(2, 3, 9, 70),
        torch.randn(2, 3, 9, 70),
        torch.randn(30),
        torch.randn(30),
    )
    assert_equals_reference(selective_scan, arguments)


def test_ss2d(width):
    routes = cross_routes(2)

    def function(*arguments, backend):
        return ss2d(*arguments, routes=routes, backend=backend)

    arguments = (
        torch.randn(2, 1, 5, 14, 20),
        torch.randn(8, 6 + 2 * 9, 20) / 5,
        torch.randn(8, 20, 6) / 3,
        torch.randn(8, 20) - 2,
        -torch.rand(160, 9),
        torch.randn(160),
    )
    assert_equals_reference(function, arguments)
