"""The scan and its derivative, for both operators.

What the kernels read and write, b being the batch, k the sequence (a route
or a group) and p the pixel:

- u, du: ``k * u_source + (b * L + p) * u_row + channel``
- y, dy: ``k * y_source + (b * L + p) * y_row + channel``
- delta, ddelta: ``k * d_source + (b * L + p) * d_row + channel``
- B, C, dB, dC: ``k * bc_source + (b * L + p) * bc_row + n``
- A: (K, N, D); skip, bias: (K, D) or None
- saved: (batch, K, chunks, N, D), the states before each chunk
- ends: (batch, K, segments, N, D) and sums (batch, K, segments, D)

A program handles a tile of channels of one sequence in one segment, which is
a number of chunks. Values of channels and states are tiles (OUTER, STATES,
INNER): channel OUTER * INNER, so that one warp spreads INNER channels and
some states over its threads and keeps OUTER channels and the other states in
registers. The sums over states and over channels are then short in both
directions. Decays are powers of two of ``step * log2(e) A``.

Functions that unroll by calling themselves get themselves as SELF: older
compilers (triton 3.3) look for ever for what a function that names itself
depends on.
"""

import triton
import triton.language as tl

from multimodal_rs.ops.backends.triton.primitives import (
    LN_2,
    LOG2_E,
    put,
    sigmoid,
    start_walk,
    walk_far,
    walk_on,
)
from multimodal_rs.ops.backends.triton.steps import (
    masks_in_time,
    read_or_zero,
    read_wide,
    run_adjoint_steps,
    run_steps,
    split_program,
    step_of,
    tile_of,
)


@triton.jit
def local_kernel(
    x, delta, bc, A, bias, ends, sums, routes,
    height, width, channels, sequences, tiles, segments, chunks, per_segment,
    x_source, x_row, d_source, d_row, bc_source, bc_row,
    N: tl.constexpr, OUTER: tl.constexpr, STATES: tl.constexpr,
    INNER: tl.constexpr, CHUNK: tl.constexpr, STEPS: tl.constexpr,
    SOFTPLUS: tl.constexpr, ADJOINT: tl.constexpr,
):  # fmt: skip
    """Scan every segment as if nothing came before it.

    ADJOINT scans gradients, against the time: x is dy and bc is C, else x is
    u and bc is B. Writes the state at the end of each segment, and the sum
    of its step sizes, from which the decay over the segment follows.
    """
    b, k, segment, tile = split_program(sequences, tiles, segments)
    c, n, c_ok, n_ok = tile_of(tile, channels, N, OUTER, STATES, INNER)
    length = height * width
    row = b * length
    x += k * x_source + row * x_row
    delta += k.to(tl.int64) * d_source + row * d_row
    bc += k * bc_source + row * bc_row
    own = k * channels + c
    A2 = (
        tl.load(A + (k * N + n) * channels + c, mask=c_ok & n_ok, other=0.0)
        * LOG2_E
    )
    bias_c = read_or_zero(bias, own, c_ok)
    state = tl.zeros((OUTER, STATES, INNER), tl.float32)
    total = tl.zeros((OUTER, 1, INNER), tl.float32)
    first = segment * per_segment
    frames = (tl.minimum(first + per_segment, chunks) - first) * (
        CHUNK // STEPS
    )
    done = 0
    while done < frames:
        frame = done
        if ADJOINT:
            frame = frames - 1 - done
        t = first * CHUNK + frame * STEPS
        pixel, place, line, stride, jump = start_walk(
            routes, k, t, height, width
        )
        if ADJOINT:
            state, total = run_adjoint_steps(
                state, total, t, length, pixel, place, line, stride, jump,
                x, delta, bc, x_row, d_row, bc_row,
                c, channels, n, A2, bias_c, N, SOFTPLUS,
                run_adjoint_steps, STEPS,
            )  # fmt: skip
        else:
            state, total = run_steps(
                state, total, t, length, pixel, place, line, stride, jump,
                x, delta, bc, bc, x, x_row, d_row, bc_row, x_row,
                c, channels, n, A2, bias_c, bias_c, N,
                SOFTPLUS, False, 0, run_steps, STEPS,
            )  # fmt: skip
        done += 1
    slot = (b * sequences + k) * segments + segment
    tl.store(ends + (slot * N + n) * channels + c, state, mask=c_ok & n_ok)
    tl.store(sums + slot * channels + c, total, mask=c_ok)


@triton.jit
def combine_kernel(
    ends, sums, A, channels, sequences, segments,
    N: tl.constexpr, SIZE: tl.constexpr, ADJOINT: tl.constexpr,
):  # fmt: skip
    """Turn local ends into the states with which the segments begin.

    A program handles SIZE of the N * channels states of one sequence.
    """
    block = tl.program_id(0)
    sequence = tl.program_id(1).to(tl.int64)
    k = sequence % sequences
    place = block * SIZE + tl.arange(0, SIZE)
    ok = place < N * channels
    n = place // channels
    c = place - n * channels
    A2 = tl.load(A + k * N * channels + place, mask=ok, other=0.0) * LOG2_E
    state = tl.zeros((SIZE,), tl.float32)
    done = 0
    while done < segments:
        segment = done
        if ADJOINT:
            segment = segments - 1 - done
        slot = sequence * segments + segment
        local = tl.load(ends + slot * N * channels + place, mask=ok, other=0.0)
        total = tl.load(sums + slot * channels + c, mask=ok, other=0.0)
        tl.store(ends + slot * N * channels + place, state, mask=ok)
        state = tl.exp2(A2 * total) * state + local
        done += 1


@triton.jit
def forward_kernel(
    u, delta, bs, cs, A, skip, bias, y, ends, saved, routes,
    height, width, channels, sequences, tiles, segments, chunks, per_segment,
    u_source, u_row, y_source, y_row, d_source, d_row, bc_source, bc_row,
    N: tl.constexpr, OUTER: tl.constexpr, STATES: tl.constexpr,
    INNER: tl.constexpr, CHUNK: tl.constexpr, STEPS: tl.constexpr,
    SOFTPLUS: tl.constexpr, HOW: tl.constexpr,
):  # fmt: skip
    """Write y, and with ``saved`` the states before each chunk.

    Args:
        ends: States with which the segments begin; None: one segment.
        saved: Or None.
        per_segment: Chunks of a segment.
    """
    b, k, segment, tile = split_program(sequences, tiles, segments)
    c, n, c_ok, n_ok = tile_of(tile, channels, N, OUTER, STATES, INNER)
    both = c_ok & n_ok
    length = height * width
    row = b * length
    u += k * u_source + row * u_row
    y += k * y_source + row * y_row
    delta += k.to(tl.int64) * d_source + row * d_row
    bs += k * bc_source + row * bc_row
    cs += k * bc_source + row * bc_row
    own = k * channels + c
    A2 = tl.load(A + (k * N + n) * channels + c, mask=both, other=0.0) * LOG2_E
    bias_c = read_or_zero(bias, own, c_ok)
    skip_c = read_or_zero(skip, own, c_ok)
    sequence = b * sequences + k
    state = tl.zeros((OUTER, STATES, INNER), tl.float32)
    if ends is not None:
        slot = sequence * segments + segment
        state = tl.load(
            ends + (slot * N + n) * channels + c, mask=both, other=0.0
        )
    chunk = segment * per_segment
    last = tl.minimum(chunk + per_segment, chunks)
    t = chunk * CHUNK
    pixel, place, line, stride, jump = start_walk(routes, k, t, height, width)
    total = tl.zeros((OUTER, 1, INNER), tl.float32)
    while chunk < last:
        if saved is not None:
            slot = sequence * chunks + chunk
            tl.store(saved + (slot * N + n) * channels + c, state, mask=both)
        for _ in range(CHUNK // STEPS):
            state, total = run_steps(
                state, total, t, length, pixel, place, line, stride, jump,
                u, delta, bs, cs, y, u_row, d_row, bc_row, y_row,
                c, channels, n, A2, skip_c, bias_c, N,
                SOFTPLUS, True, HOW, run_steps, STEPS,
            )  # fmt: skip
            pixel, place = walk_far(pixel, place, line, stride, jump, STEPS)
            t += STEPS
        chunk += 1


@triton.jit
def _there_and_back(
    state, g, t, length, pixel, place, line, stride, jump,
    u, delta, bs, cs, dy, du, ddelta, dbs, dcs, u_row, d_row, bc_row, y_row,
    c, channels, n, A2, skip_c, bias_c, dA, dskip, dbias, N: tl.constexpr,
    SOFTPLUS: tl.constexpr, HOW: tl.constexpr, HOW_BC: tl.constexpr,
    SELF: tl.constexpr, STEPS: tl.constexpr,
):  # fmt: skip
    """Run STEPS steps forward, and differentiate them on the way back.

    The recursion unrolls while it is compiled: its frames are registers, and
    hold the states and decays of the steps.

    Args:
        state: State before step t.
        g: Gradient of the state after the last of the steps.
        t: Time; pixel, place, line, stride, jump: where that is.

    Returns:
        Gradient of ``state``; dA, dskip, dbias with these steps added.
    """
    at = pixel.to(tl.int64)
    ok, ok_n = masks_in_time(t, length, c, channels, n, N)
    raw = tl.load(delta + at * d_row + c, mask=ok, other=0.0)
    u_t = read_wide(u + at * u_row + c, ok)
    b_t = read_wide(bs + at * bc_row + n, ok_n)
    step, raw, small = step_of(raw, ok, bias_c, SOFTPLUS)
    decay = tl.exp2(step * A2)
    after = decay * state + (step * u_t) * b_t
    if STEPS > 1:
        pixel, place = walk_on(pixel, place, line, stride, jump)
        g, dA, dskip, dbias = SELF(
            after, g, t + 1, length, pixel, place, line, stride, jump,
            u, delta, bs, cs, dy, du, ddelta, dbs, dcs,
            u_row, d_row, bc_row, y_row,
            c, channels, n, A2, skip_c, bias_c, dA, dskip, dbias, N,
            SOFTPLUS, HOW, HOW_BC, SELF, STEPS - 1,
        )  # fmt: skip
    c_t = read_wide(cs + at * bc_row + n, ok_n)
    dy_t = read_wide(dy + at * y_row + c, ok)
    g += c_t * dy_t
    put(dcs + at * bc_row + n, _over_channels(dy_t * after), ok_n, HOW_BC)
    put(dbs + at * bc_row + n, _over_channels(g * (step * u_t)), ok_n, HOW_BC)
    toward_input = tl.sum(g * b_t, axis=1)[:, None, :]
    g *= decay
    along = g * state
    dA += along * step
    dskip += dy_t * u_t
    put(du + at * u_row + c, step * toward_input + skip_c * dy_t, ok, HOW)
    # The gradient of A is that of A2 times log2(e).
    dstep = tl.sum(along * A2, axis=1)[:, None, :] * LN_2
    dstep += u_t * toward_input
    if SOFTPLUS:
        dstep *= sigmoid(raw, small)
    dstep = tl.where(ok, dstep, 0.0)
    dbias += dstep
    tl.store(ddelta + at * d_row + c, dstep, mask=ok)
    return g, dA, dskip, dbias


@triton.jit
def _over_channels(x):
    """Sum (OUTER, STATES, INNER) over its channels: (1, STATES, 1)."""
    return tl.sum(tl.sum(x, axis=0), axis=1)[None, :, None]


@triton.jit
def backward_kernel(
    dy, u, delta, bs, cs, A, skip, bias, ends, saved, scratch,
    du, ddelta, dbs, dcs, dA, dskip, dbias, routes,
    height, width, channels, sequences, tiles, segments, chunks, per_segment,
    u_source, u_row, y_source, y_row, d_source, d_row, bc_source, bc_row,
    dbc_tile,
    N: tl.constexpr, OUTER: tl.constexpr, STATES: tl.constexpr,
    INNER: tl.constexpr, CHUNK: tl.constexpr, STEPS: tl.constexpr,
    SOFTPLUS: tl.constexpr, HOW: tl.constexpr, HOW_BC: tl.constexpr,
):  # fmt: skip
    """Write all gradients, from the last chunk of the segment to the first.

    A chunk is run again from its saved state, first in large strides, which
    leave the state before every STEPS steps in ``scratch``, then by
    :func:`_there_and_back` on the steps between.

    Args:
        ends: Gradients with which the segments begin, from the end; or None.
        scratch: (programs, CHUNK / STEPS, OUTER * STATES * INNER).
        dbc_tile: Distance between the dB of two tiles of channels.
        dA, dskip, dbias: One each per batch and segment.
    """
    b, k, segment, tile = split_program(sequences, tiles, segments)
    c, n, c_ok, n_ok = tile_of(tile, channels, N, OUTER, STATES, INNER)
    both = c_ok & n_ok
    length = height * width
    row = b * length
    u += k * u_source + row * u_row
    du += k * u_source + row * u_row
    dy += k * y_source + row * y_row
    delta += k.to(tl.int64) * d_source + row * d_row
    ddelta += k.to(tl.int64) * d_source + row * d_row
    bs += k * bc_source + row * bc_row
    cs += k * bc_source + row * bc_row
    dbs += k * bc_source + row * bc_row + tile.to(tl.int64) * dbc_tile
    dcs += k * bc_source + row * bc_row + tile.to(tl.int64) * dbc_tile
    own = k * channels + c
    A2 = tl.load(A + (k * N + n) * channels + c, mask=both, other=0.0) * LOG2_E
    bias_c = read_or_zero(bias, own, c_ok)
    skip_c = read_or_zero(skip, own, c_ok)
    sequence = b * sequences + k
    SIZE: tl.constexpr = OUTER * STATES * INNER
    scratch += n * (OUTER * INNER) + c - tile * (OUTER * INNER)
    scratch += tl.program_id(0).to(tl.int64) * (CHUNK // STEPS * SIZE)
    g = tl.zeros((OUTER, STATES, INNER), tl.float32)
    if ends is not None:
        slot = sequence * segments + segment
        g = tl.load(ends + (slot * N + n) * channels + c, mask=both, other=0.0)
    dA_own = tl.zeros((OUTER, STATES, INNER), tl.float32)
    dskip_own = tl.zeros((OUTER, 1, INNER), tl.float32)
    dbias_own = tl.zeros((OUTER, 1, INNER), tl.float32)
    first = segment * per_segment
    chunk = tl.minimum(first + per_segment, chunks) - 1
    while chunk >= first:
        t = chunk * CHUNK
        slot = sequence * chunks + chunk
        state = tl.load(
            saved + (slot * N + n) * channels + c, mask=both, other=0.0
        )
        tl.store(scratch, state)
        pixel, place, line, stride, jump = start_walk(
            routes, k, t, height, width
        )
        for i in range(1, CHUNK // STEPS):
            state, _ = run_steps(
                state, bias_c, t, length, pixel, place, line, stride, jump,
                u, delta, bs, cs, du, u_row, d_row, bc_row, u_row,
                c, channels, n, A2, skip_c, bias_c, N,
                SOFTPLUS, False, 0, run_steps, STEPS,
            )  # fmt: skip
            pixel, place = walk_far(pixel, place, line, stride, jump, STEPS)
            t += STEPS
            tl.store(scratch + i * SIZE, state)
        # The compiler may give reads and writes to different threads.
        tl.debug_barrier()
        for i in range(CHUNK // STEPS):
            back = CHUNK // STEPS - 1 - i
            t = chunk * CHUNK + back * STEPS
            pixel, place, line, stride, jump = start_walk(
                routes, k, t, height, width
            )
            state = tl.load(scratch + back * SIZE)
            g, dA_own, dskip_own, dbias_own = _there_and_back(
                state, g, t, length, pixel, place, line, stride, jump,
                u, delta, bs, cs, dy, du, ddelta, dbs, dcs,
                u_row, d_row, bc_row, y_row,
                c, channels, n, A2, skip_c, bias_c,
                dA_own, dskip_own, dbias_own, N,
                SOFTPLUS, HOW, HOW_BC, _there_and_back, STEPS,
            )  # fmt: skip
        tl.debug_barrier()
        chunk -= 1
    slot = (b * segments + segment) * sequences + k
    tl.store(dA + (slot * N + n) * channels + c, dA_own, mask=both)
    slot = slot * channels + c
    if skip is not None:
        tl.store(dskip + slot, dskip_own, mask=c_ok)
    if bias is not None:
        tl.store(dbias + slot, dbias_own, mask=c_ok)
