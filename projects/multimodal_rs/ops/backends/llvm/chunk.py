"""The parts of a scan that one- and two-dimensional kernels share.

All work on a chunk: up to ``CHUNK`` time steps of BLOCK channels, in
(time, channel) buffers on the stack.
"""

import math
from typing import NamedTuple

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value, Variable
from multimodal_rs.ops.backends.llvm.functions import (
    exp2,
    sigmoid,
    softplus_parts,
)
from multimodal_rs.ops.backends.llvm.layout import BLOCK, CHUNK, Variant
from multimodal_rs.ops.backends.llvm.transposing import sums


class Coefficients(NamedTuple):
    """Where B and C of a chunk are.

    Attributes:
        b: Address; B of time t starts ``rows[t]`` numbers later.
        c: The same for C.
        rows: Buffer of indices, one per time step.
    """

    b: Value
    c: Value
    rows: Value


def activate(e: Emitter, variant: Variant, raw: Value) -> Value:
    """Turn a raw step size into the step size."""
    if not variant.softplus:
        return raw
    largest, small = softplus_parts(e, raw)
    return largest


def activate_with_slope(
    e: Emitter, variant: Variant, raw: Value
) -> tuple[Value, Value]:
    """Return the step size and its derivative."""
    if not variant.softplus:
        return raw, e.splat(1.0)
    step, small = softplus_parts(e, raw)
    return step, sigmoid(e, raw, small)


def scan(
    e: Emitter,
    variant: Variant,
    count: Value,
    coefficients: Coefficients,
    A: Value,
    u: Value,
    step: Value,
    state: Value,
    y: Value,
) -> None:
    """Advance the state over a chunk and add its output to y.

    Args:
        e: Emitter.
        variant: Sizes.
        count: Time steps.
        coefficients: B and C.
        A: (N, BLOCK) times log2(e).
        u: Buffer (time, BLOCK).
        step: Buffer (time, BLOCK), after the softplus.
        state: Buffer (N, BLOCK), updated.
        y: Buffer (time, BLOCK), updated.
    """
    lanes = range(variant.states)
    with e.loop(variant.turns) as turn, e.loop(BLOCK, e.width) as j:
        first = turn * (variant.states * BLOCK) + j
        rates = [e.load(A, first, n * BLOCK) for n in lanes]
        h = [Variable(e, e.load(state, first, n * BLOCK)) for n in lanes]
        with e.loop(count) as t:
            place = t * BLOCK + j
            dt = e.load(step, place)
            drive = dt * e.load(u, place)
            row = e.load_index(coefficients.rows, t) + turn * variant.states
            b, c = e.at(coefficients.b, row), e.at(coefficients.c, row)
            out = [e.load(y, place), None]
            for n in lanes:
                decay = exp2(e, dt * rates[n])
                new = e.fma(decay, h[n].get(), drive * e.load_splat(b, n))
                h[n].set(new)
                # two chains, so that their latency hides
                out[n % 2] = _accumulate(
                    e, new, e.load_splat(c, n), out[n % 2]
                )
            total = out[0] if out[1] is None else out[0] + out[1]
            e.store(total, y, place)
        for n in lanes:
            e.store(h[n].get(), state, first, n * BLOCK)


class Adjoint:
    """The reverse of :func:`scan` for one chunk.

    Args:
        e: Emitter.
        variant: Sizes.
    """

    def __init__(self, e: Emitter, variant: Variant) -> None:
        self.e, self.variant = e, variant
        rows = CHUNK * variant.states * e.width
        self._decays = e.buffer(rows)
        self._history = e.buffer(rows + variant.states * e.width)
        self._b_rows, self._c_rows = e.buffer(rows), e.buffer(rows)
        self._sums = e.buffer(CHUNK * variant.states)

    def run(
        self,
        count: Value,
        coefficients: Coefficients,
        A: Value,
        buffers: 'ChunkBuffers',
        start: Value,
        db: Value,
        dc: Value,
        dA: Value,
    ) -> None:
        """Recompute the states of a chunk, then go back through them.

        Args:
            count: Time steps.
            coefficients: B and C.
            A: (N, BLOCK) times log2(e).
            buffers: In: u, step, dy; ``carry`` (N, BLOCK), the gradient of
                the state after the chunk, replaced by that before it. Out:
                ``inward`` and ``along``, (time, BLOCK), added to.
            start: (N, BLOCK), states before the chunk.
            db: Gradient of B, laid out as B; added to.
            dc: The same for C.
            dA: (N, BLOCK), added to.
        """
        e, variant = self.e, self.variant
        with e.loop(variant.turns) as turn:
            offset = turn * variant.states
            for j in range(0, BLOCK, e.width):
                first = offset * BLOCK + j
                self._forward(
                    count, coefficients, A, buffers, start, first, offset, j
                )
                self._reverse(
                    count, coefficients, A, buffers, dA, first, offset, j
                )
            for rows, target in ((self._b_rows, db), (self._c_rows, dc)):
                self._reduce(count, rows, target, coefficients.rows, offset)

    def _forward(
        self, count, coefficients, A, buffers, start, first, offset, j
    ):
        e, lanes, width = self.e, range(self.variant.states), self.e.width
        rates = [e.load(A, first, n * BLOCK) for n in lanes]
        h = [Variable(e, e.load(start, first, n * BLOCK)) for n in lanes]
        for n in lanes:
            e.store(h[n].get(), self._history, n * width)
        with e.loop(count) as t:
            dt = e.load(buffers.step, t * BLOCK, j)
            drive = dt * e.load(buffers.u, t * BLOCK, j)
            row = e.load_index(coefficients.rows, t) + offset
            b = e.at(coefficients.b, row)
            place = t * (len(lanes) * width)
            for n in lanes:
                decay = exp2(e, dt * rates[n])
                new = e.fma(decay, h[n].get(), drive * e.load_splat(b, n))
                h[n].set(new)
                e.store(decay, self._decays, place, n * width)
                e.store(new, self._history, place, (n + len(lanes)) * width)

    def _reverse(self, count, coefficients, A, buffers, dA, first, offset, j):
        e, lanes, width = self.e, range(self.variant.states), self.e.width
        rates = [e.load(A, first, n * BLOCK) for n in lanes]
        g = [
            Variable(e, e.load(buffers.carry, first, n * BLOCK)) for n in lanes
        ]
        rate_sums = [Variable(e, e.load(dA, first, n * BLOCK)) for n in lanes]
        with e.loop(count, down=True) as t:
            dt = e.load(buffers.step, t * BLOCK, j)
            drive = dt * e.load(buffers.u, t * BLOCK, j)
            dy = e.load(buffers.dy, t * BLOCK, j)
            row = e.load_index(coefficients.rows, t) + offset
            b, c = e.at(coefficients.b, row), e.at(coefficients.c, row)
            inward = e.load(buffers.inward, t * BLOCK, j)
            along = e.load(buffers.along, t * BLOCK, j)
            place = t * (len(lanes) * width)
            for n in lanes:
                slot = n * width
                here = e.fma(e.load_splat(c, n), dy, g[n].get())
                after = e.load(self._history, place, slot + len(lanes) * width)
                self._put(self._c_rows, place, slot, dy, after, j)
                self._put(self._b_rows, place, slot, here, drive, j)
                inward = e.fma(here, e.load_splat(b, n), inward)
                back = here * e.load(self._decays, place, slot)
                g[n].set(back)
                flow = back * e.load(self._history, place, slot)
                along = e.fma(flow, rates[n], along)
                rate_sums[n].set(e.fma(flow, dt, rate_sums[n].get()))
            e.store(inward, buffers.inward, t * BLOCK, j)
            e.store(along, buffers.along, t * BLOCK, j)
        for n in lanes:
            e.store(g[n].get(), buffers.carry, first, n * BLOCK)
            e.store(rate_sums[n].get(), dA, first, n * BLOCK)

    def _put(self, rows, place, slot, a, b, j) -> None:
        """Store a * b for the first lanes of a block, add for the others."""
        e = self.e
        if j == 0:
            e.store(a * b, rows, place, slot)
        else:
            e.store(e.fma(a, b, e.load(rows, place, slot)), rows, place, slot)

    def _reduce(self, count, rows, target, places, offset) -> None:
        """Sum rows over the channels and add them to dB or dC."""
        e, states, width = self.e, self.variant.states, self.e.width
        with e.loop(count * states, width) as m:
            block = [e.load(rows, (m + i) * width) for i in range(width)]
            e.store(sums(e, block), self._sums, m)
        with e.loop(count) as t:
            row = e.at(target, e.load_index(places, t), offset)
            whole = states - states % width
            for n in range(0, whole, width):
                e.add_to(e.load(self._sums, t * states, n), row, n)
            for n in range(whole, states):
                value = e.load_scalar(self._sums, t * states, n)
                e.add_scalar_to(value, row, n)


class ChunkBuffers:
    """Scratch of one chunk, (time, BLOCK) unless said otherwise.

    Attributes:
        u: Input.
        step: Step size.
        slope: Derivative of the softplus.
        dy: Gradient of the output.
        inward: Gradient of step * u.
        along: Gradient of step through the decay, over ln 2.
        carry: (N, BLOCK), gradient of the state.
    """

    def __init__(self, e: Emitter, variant: Variant) -> None:
        size = CHUNK * BLOCK
        self.u, self.step, self.slope = (e.buffer(size) for _ in range(3))
        self.dy, self.inward, self.along = (e.buffer(size) for _ in range(3))
        self.carry = e.buffer(variant.padded * BLOCK)


def clear(e: Emitter, buffer: Value, numbers) -> None:
    """Fill with zeros; the number of floats is a multiple of BLOCK."""
    with e.loop(numbers, e.width) as i:
        e.store(e.splat(0.0), buffer, i)


def copy(e: Emitter, source: Value, target: Value, numbers: int) -> None:
    """Copy floats, a multiple of BLOCK."""
    with e.loop(numbers, e.width) as i:
        e.store(e.load(source, i), target, i)


def finish_chunk(
    e: Emitter, buffers: ChunkBuffers, count: Value, skip: Value, dskip: Value
) -> None:
    """Put the gradients of u and of the raw step size together.

    Args:
        e: Emitter.
        buffers: ``inward`` becomes the gradient of u, ``along`` that of the
            raw step size.
        count: Time steps.
        skip: (BLOCK,).
        dskip: (BLOCK,), added to.
    """
    with e.loop(BLOCK, e.width) as j:
        weight = e.load(skip, j)
        total = Variable(e, e.load(dskip, j))
        with e.loop(count) as t:
            place = t * BLOCK + j
            u, dy = e.load(buffers.u, place), e.load(buffers.dy, place)
            inward = e.load(buffers.inward, place)
            along = e.load(buffers.along, place) * math.log(2)
            total.set(e.fma(u, dy, total.get()))
            du = e.fma(e.load(buffers.step, place), inward, weight * dy)
            draw = e.fma(u, inward, along) * e.load(buffers.slope, place)
            e.store(du, buffers.inward, place)
            e.store(draw, buffers.along, place)
        e.store(total.get(), dskip, j)


def sum_over_time(e: Emitter, values: Value, count, target: Value) -> None:
    """Add a (time, BLOCK) buffer to (BLOCK,) numbers."""
    with e.loop(BLOCK, e.width) as j:
        total = Variable(e, e.load(target, j))
        with e.loop(count) as t:
            total.set(total.get() + e.load(values, t * BLOCK + j))
        e.store(total.get(), target, j)


def _accumulate(e: Emitter, a: Value, b: Value, total: Value | None) -> Value:
    return a * b if total is None else e.fma(a, b, total)
