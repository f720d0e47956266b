"""Steps of a scan: where a program stands, what it reads and computes.

Tiles, layouts and SELF are explained in :mod:`.kernels`.
"""

import triton
import triton.language as tl

from multimodal_rs.ops.backends.triton.primitives import (
    put,
    softplus_parts,
    walk_far,
    walk_on,
)


@triton.jit
def split_program(sequences, tiles, segments):
    """Split the program's number into batch, sequence, segment, tile."""
    number = tl.program_id(0)
    tile = number % tiles
    number = number // tiles
    segment = number % segments
    number = number // segments
    k = number % sequences
    return (number // sequences).to(tl.int64), k, segment, tile


@triton.jit
def tile_of(
    tile, channels, N, OUTER: tl.constexpr, STATES: tl.constexpr,
    INNER: tl.constexpr,
):  # fmt: skip
    """Return channels (OUTER, 1, INNER), states (1, STATES, 1), masks.

    The compiler is told that neighbouring channels are not neighbours in
    memory. Otherwise it gives a thread several of them to read at once, and
    rearranges what it has read, through shared memory, in every step.
    """
    outer = tl.arange(0, OUTER)[:, None, None] * INNER
    inner = tl.arange(0, INNER)[None, None, :]
    c = tile * (OUTER * INNER) + outer + inner
    c = tl.max_contiguous(c, (1, 1, 1))
    n = tl.arange(0, STATES)[None, :, None]
    return c, n, c < channels, n < N


@triton.jit
def step_of(delta, mask, bias, SOFTPLUS: tl.constexpr):
    """Return the step size, 0 out of time, raw, and exp(-|raw|)."""
    raw = delta.to(tl.float32) + bias
    small = raw
    step = raw
    if SOFTPLUS:
        step, small = softplus_parts(raw)
    return tl.where(mask, step, 0.0), raw, small


@triton.jit
def masks_in_time(t, length, c, channels, n, N: tl.constexpr):
    """Return masks of channels and of states: nothing after the end."""
    on = (t < length).to(tl.int32)
    return c < on * channels, n < on * N


@triton.jit
def read_wide(pointers, mask):
    return tl.load(pointers, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def read_or_zero(pointer, offset, mask):
    """Read per-channel values; those of None are 0."""
    if pointer is None:
        return tl.where(mask, 0.0, 0.0)
    else:
        return tl.load(pointer + offset, mask=mask, other=0.0)


@triton.jit
def run_steps(
    state, total, t, length, pixel, place, line, stride, jump,
    u, delta, bs, cs, y, u_row, d_row, bc_row, y_row,
    c, channels, n, A2, skip_c, bias_c, N: tl.constexpr,
    SOFTPLUS: tl.constexpr, OUTPUT: tl.constexpr, HOW: tl.constexpr,
    SELF: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Run STEPS steps, and with OUTPUT write y.

    A recursion, which unrolls while it is compiled: the last step is read
    first and computed last, so that all reads are on their way before the
    first write, behind which the compiler could not move them.

    Args:
        state: State before step t.
        total: Sum of the step sizes before.
        t: Time; pixel, place, line, stride, jump: where that is.

    Returns:
        state and total after the last step.
    """
    last, _ = walk_far(pixel, place, line, stride, jump, STEPS - 1)
    at = last.to(tl.int64)
    ok, ok_n = masks_in_time(t + STEPS - 1, length, c, channels, n, N)
    raw = tl.load(delta + at * d_row + c, mask=ok, other=0.0)
    u_t = read_wide(u + at * u_row + c, ok)
    b_t = read_wide(bs + at * bc_row + n, ok_n)
    c_t = b_t
    if OUTPUT:
        c_t = read_wide(cs + at * bc_row + n, ok_n)
    if STEPS > 1:
        state, total = SELF(
            state, total, t, length, pixel, place, line, stride, jump,
            u, delta, bs, cs, y, u_row, d_row, bc_row, y_row,
            c, channels, n, A2, skip_c, bias_c, N,
            SOFTPLUS, OUTPUT, HOW, SELF, STEPS - 1,
        )  # fmt: skip
    step, _, _ = step_of(raw, ok, bias_c, SOFTPLUS)
    state = tl.exp2(step * A2) * state + (step * u_t) * b_t
    if OUTPUT:
        y_t = tl.sum(state * c_t, axis=1)[:, None, :] + skip_c * u_t
        put(y + at * y_row + c, y_t, ok, HOW)
    return state, total + step


@triton.jit
def run_adjoint_steps(
    g, total, t, length, pixel, place, line, stride, jump,
    dy, delta, cs, y_row, d_row, bc_row,
    c, channels, n, A2, bias_c, N: tl.constexpr,
    SOFTPLUS: tl.constexpr, SELF: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Take the gradient of a state back by STEPS steps.

    Args:
        g: Gradient of the state after the last step.
        total: Sum of the step sizes so far.
        t: Time of the first step; pixel, ...: where that is.

    Returns:
        Gradient of the state before step t; total with these steps.
    """
    at = pixel.to(tl.int64)
    ok, ok_n = masks_in_time(t, length, c, channels, n, N)
    raw = tl.load(delta + at * d_row + c, mask=ok, other=0.0)
    dy_t = read_wide(dy + at * y_row + c, ok)
    c_t = read_wide(cs + at * bc_row + n, ok_n)
    if STEPS > 1:
        pixel, place = walk_on(pixel, place, line, stride, jump)
        g, total = SELF(
            g, total, t + 1, length, pixel, place, line, stride, jump,
            dy, delta, cs, y_row, d_row, bc_row,
            c, channels, n, A2, bias_c, N, SOFTPLUS, SELF, STEPS - 1,
        )  # fmt: skip
    step, _, _ = step_of(raw, ok, bias_c, SOFTPLUS)
    return tl.exp2(step * A2) * (g + c_t * dy_t), total + step
