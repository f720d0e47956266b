"""The kernels' functions, number by number against float64."""

import ctypes

import numpy as np
import pytest

from multimodal_rs.ops.backends.llvm import BACKEND

if BACKEND.unavailable() is not None:
    pytest.skip(BACKEND.unavailable(), allow_module_level=True)

from multimodal_rs.ops.backends.llvm.functions import (
    exp2,
    sigmoid,
    softplus_parts,
)
from multimodal_rs.ops.backends.llvm.jit import compile_kernel, vector_width
from multimodal_rs.ops.backends.llvm.transposing import sums, transpose


def apply(name, function, x):
    """Run a function of vectors over an array."""
    x = np.ascontiguousarray(x, np.float32)
    assert x.size % vector_width() == 0
    y = np.empty_like(x)

    def write(e):
        with e.loop(x.size, e.width) as i:
            value = function(e, e.load(e.argument(0), i))
            e.store(value, e.argument(1), i)

    compile_kernel(name, write)(x.ctypes.data, y.ctypes.data)
    return y.astype(np.float64)


def relative_error(y, expected):
    return np.abs(y / expected - 1).max()


def test_exp2_over_its_range():
    z = np.linspace(-126, 127.9, 64_000).astype(np.float32)
    error = relative_error(apply('exp2', exp2, z), np.exp2(np.float64(z)))
    assert error < 2e-7


def test_exp2_of_tiny_arguments_keeps_slow_decays():
    z = -np.logspace(-7, -1, 6400).astype(np.float32)
    decay = 1 - apply('exp2', exp2, z)
    assert np.abs(decay + np.expm1(np.float64(z) * np.log(2))).max() < 1e-7
    assert (apply('exp2', exp2, np.zeros(16)) == 1).all()


def test_exp2_outside_its_range():
    z = np.array([-1e30, -np.inf, -127, 128, 1e30, np.inf, np.nan, 0] * 2)
    y = apply('exp2', exp2, z)
    assert (y[:3] <= 2.0**-126).all()
    assert np.isposinf(y[3:6]).all()
    assert np.isnan(y[6])


@pytest.mark.parametrize('span', [1.0, 20.0, 80.0])
def test_softplus(span):
    x = np.linspace(-span, span, 64_000).astype(np.float32)
    y = apply('softplus', lambda e, v: softplus_parts(e, v)[0], x)
    expected = np.logaddexp(0, np.float64(x))
    # the argument of exp is rounded: relative to |x|
    assert relative_error(y, expected) < 3e-7 * max(1, span / 2)


def test_softplus_of_huge_arguments():
    x = np.array([1e4, 1e30, -1e4, -1e30] * 4)
    y = apply('softplus', lambda e, v: softplus_parts(e, v)[0], x)
    np.testing.assert_allclose(y[:2], x[:2], rtol=1e-6)
    assert (np.abs(y[2:4]) < 1e-37).all()


def test_sigmoid():
    x = np.linspace(-80, 80, 64_000).astype(np.float32)
    y = apply(
        'sigmoid', lambda e, v: sigmoid(e, v, softplus_parts(e, v)[1]), x
    )
    expected = 1 / (1 + np.exp(-np.float64(x)))
    assert relative_error(y, expected) < 1e-5
    assert np.abs(y - expected).max() < 2e-7


def test_transpose_and_sums():
    width = vector_width()
    x = np.random.rand(width, width).astype(np.float32)
    y = np.empty((width + 1, width), np.float32)

    def write(e):
        rows = [e.load(e.argument(0), i * width) for i in range(width)]
        for i, column in enumerate(transpose(e, rows)):
            e.store(column, e.argument(1), i * width)
        e.store(sums(e, rows), e.argument(1), width * width)

    compile_kernel('square', write)(x.ctypes.data, y.ctypes.data)
    np.testing.assert_array_equal(y[:width], x.T)
    np.testing.assert_allclose(y[width], x.sum(axis=1), rtol=1e-6)


def test_control_register_is_put_back():
    """Denormals are zero inside a kernel, and numbers again after it."""
    cell = (ctypes.c_float * 16)(*[1e-40] * 16)

    def write(e):
        e.store(e.load(e.argument(0)) * 1.0, e.argument(0))

    compile_kernel('denormal', write)(ctypes.addressof(cell), 0)
    assert np.float32(1e-40) * np.float32(0.5) != 0
