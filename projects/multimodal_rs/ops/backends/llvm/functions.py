"""Exponential, softplus and sigmoid of vectors, to float32 accuracy."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value

LOG2_E = math.log2(math.e)
# Adding it rounds a float32 to an integer, which its lowest bits then hold.
ROUND = 1.5 * 2**23


def exp2(e: Emitter, z: Value) -> Value:
    """2 ** z: relative error below 2e-7, 0 as 2 ** -126, inf above 2 ** 128.

    2 ** z = 2 ** n * 2 ** f with n the nearest integer; the second factor is
    a polynomial that is exact at 0 (slow decays stay slow), the first goes
    into the exponent bits. NaN stays NaN: the comparisons keep it.
    """
    low, high = e.splat(-126.0), e.splat(128.0)
    z = e.select(z < low, low, z)
    z = e.select(high < z, high, z)
    shifted = z + ROUND
    f = z - (shifted - ROUND)
    power = e.fma(_polynomial(e, f, _exp2_coefficients()), f, e.splat(1.0))
    exponent = e.as_bits(shifted) << 23
    return e.as_floats(e.as_bits(power) + exponent)


def softplus_parts(e: Emitter, x: Value) -> tuple[Value, Value]:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), and exp(-|x|).

    Relative error of the sum below 3e-7 for any x, also where exp(x)
    overflows or the result underflows to exp(x).
    """
    zero = e.splat(0.0)
    negative = x < zero
    minus_magnitude = e.select(negative, x, zero - x)
    small = exp2(e, minus_magnitude * LOG2_E)
    log1p = _polynomial(e, small, _log1p_coefficients()) * small
    return e.select(negative, zero, x) + log1p, small


def sigmoid(e: Emitter, x: Value, small: Value) -> Value:
    """1 / (1 + exp(-x)).

    Args:
        e: Emitter.
        x: Argument.
        small: exp(-|x|), from :func:`softplus_parts`.
    """
    one = e.splat(1.0)
    return e.select(x < e.splat(0.0), small, one) / (small + one)


def _polynomial(e: Emitter, x: Value, coefficients: np.ndarray) -> Value:
    result = e.splat(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = e.fma(result, x, e.splat(coefficient))
    return result


@cache
def _exp2_coefficients() -> np.ndarray:
    """(2 ** f - 1) / f on [-1/2, 1/2]."""
    return _fit(lambda f: np.expm1(f * math.log(2)) / f, 5, (-0.5, 0.5))


@cache
def _log1p_coefficients() -> np.ndarray:
    """log(1 + x) / x on [0, 1]."""
    return _fit(lambda x: np.log1p(x) / x, 8, (0.0, 1.0))


def _fit(
    function: Callable[[np.ndarray], np.ndarray],
    degree: int,
    domain: tuple[float, float],
) -> np.ndarray:
    """Interpolate at Chebyshev nodes, close to the best polynomial.

    The nodes of an even number of coefficients leave out the middle, where
    the functions above divide by zero.
    """
    fitted = Chebyshev.interpolate(function, degree, domain=domain)
    return fitted.convert(kind=Polynomial).coef
