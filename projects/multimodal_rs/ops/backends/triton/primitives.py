"""Functions that the kernels share: softplus, and the walk along a route."""

import triton
import triton.language as tl

# The interpreter wants constants to the right of tensors.
LOG2_E = tl.constexpr(1.4426950408889634)
LN_2 = tl.constexpr(0.6931471805599453)

# What happens to a value that several programs add to the same place.
STORE = tl.constexpr(0)  # nobody else does
ADD = tl.constexpr(1)  # the others do in launches of their own
ATOMIC = tl.constexpr(2)  # the others run at the same time


@triton.jit
def softplus_parts(x):
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)), and exp(-|x|).

    log1p(z) / z is interpolated at the Chebyshev nodes of [0, 1], relative
    error 2e-7: the hardware's logarithm is only absolutely accurate near 1,
    and the steps, softplus of about -5, have to be relatively.
    """
    small = tl.exp2(tl.abs(x) * -LOG2_E)
    p = 0.0051261018961668015 * small - 0.029074065387248993
    p = p * small + 0.0775160863995552
    p = p * small - 0.13602247834205627
    p = p * small + 0.19076880812644958
    p = p * small - 0.2483539879322052
    p = p * small + 0.3331812024116516
    p = p * small - 0.4999944567680359
    p = p * small + 0.9999999403953552
    return tl.where(x > 0, x, 0.0) + p * small, small


@triton.jit
def sigmoid(x, small):
    """1 / (1 + exp(-x)), with ``small`` = exp(-|x|)."""
    return tl.where(x < 0, small, 1.0) / (1.0 + small)


@triton.jit
def start_walk(routes, k, t, height, width):
    """Find pixel t of route k and how to go on from there.

    A route runs along lines (rows or columns): within a line the pixel index
    grows by ``stride``, from the end of a line to the next one by ``jump``.

    Args:
        routes: (K, 2) int32: transposed, reversed.
        k: Route.
        t: Time.
        height: H.
        width: W.

    Returns:
        pixel, place in the line, length of a line, stride, jump.
    """
    transposed = tl.load(routes + 2 * k) != 0
    backwards = tl.load(routes + 2 * k + 1) != 0
    place = tl.where(backwards, height * width - 1 - t, t)
    line = tl.where(transposed, height, width)
    number = place // line
    place -= number * line
    pixel = tl.where(
        transposed, place * width + number, number * width + place
    )
    stride = tl.where(transposed, width, 1)
    jump = tl.where(transposed, 1 - (height - 1) * width, 1)
    stride = tl.where(backwards, -stride, stride)
    jump = tl.where(backwards, -jump, jump)
    place = tl.where(backwards, line - 1 - place, place)
    return pixel, place, line, stride, jump


@triton.jit
def walk_on(pixel, place, line, stride, jump):
    """Return the next pixel and its place in its line."""
    end = place == line - 1
    pixel += tl.where(end, jump, stride)
    return pixel, tl.where(end, 0, place + 1)


@triton.jit
def walk_far(pixel, place, line, stride, jump, STEPS: tl.constexpr):
    """Walk on by STEPS."""
    for _ in tl.static_range(STEPS):
        pixel, place = walk_on(pixel, place, line, stride, jump)
    return pixel, place


@triton.jit
def put(pointers, values, mask, HOW: tl.constexpr):
    """Write or add values, see :data:`STORE`, :data:`ADD`, :data:`ATOMIC`."""
    if HOW == ATOMIC:
        tl.atomic_add(pointers, values, mask=mask, sem='relaxed')
    elif HOW == ADD:
        before = tl.load(pointers, mask=mask, other=0.0)
        tl.store(pointers, before + values, mask=mask)
    else:
        tl.store(pointers, values, mask=mask)
