"""Kernels of the one-dimensional scan.

u, delta, y and their gradients are (B, G * D, L), contiguous, D a multiple of
BLOCK; B, C and theirs (B, G, L, N), contiguous. A task of the forward pass is
one block of channels of one image, a task of the backward pass the blocks of
one share of a group, which adds up dB and dC of that share.
"""

from multimodal_rs.ops.backends.llvm.chunk import (
    Adjoint,
    ChunkBuffers,
    Coefficients,
    activate,
    activate_with_slope,
    clear,
    copy,
    finish_chunk,
    scan,
    sum_over_time,
)
from multimodal_rs.ops.backends.llvm.emitter import Emitter
from multimodal_rs.ops.backends.llvm.layout import (
    BLOCK,
    CHUNK,
    Arguments,
    Variant,
)
from multimodal_rs.ops.backends.llvm.parameters import Parameters
from multimodal_rs.ops.backends.llvm.transposing import (
    load_transposed,
    store_transposed,
)


def write_forward(e: Emitter, variant: Variant) -> None:
    """Emit the forward kernel."""
    arguments = Arguments(e)
    length, chunks = arguments.number('length'), arguments.number('chunks')
    blocks, groups = arguments.number('blocks'), arguments.number('groups')
    tasks = arguments.number('tasks')
    x, delta, y = (arguments.address(n) for n in ('x', 'delta', 'y'))
    states, keep = arguments.address('states'), arguments.number('states')
    state = e.buffer(variant.padded * BLOCK)
    u, step, out = (e.buffer(CHUNK * BLOCK) for _ in range(3))
    rows = e.index_buffer(CHUNK)
    with e.tasks(tasks, e.argument(1)) as task:
        image, block = task // (groups * blocks), task % (groups * blocks)
        own = Parameters(e, arguments, variant, block)
        series = task * BLOCK * length
        coefficients = _coefficients(
            e, arguments, variant, task // blocks, rows
        )
        clear(e, state, variant.padded * BLOCK)
        with e.loop(chunks) as chunk:
            start = chunk * CHUNK
            count = e.minimum(length - start, e.index(CHUNK))
            with e.when(keep >= 1):
                place = image * groups * blocks + block
                copy(
                    e,
                    state,
                    e.at(
                        states,
                        (place * chunks + chunk) * (variant.padded * BLOCK),
                    ),
                    variant.padded * BLOCK,
                )
            _fill_rows(e, rows, start, count, variant)
            load_transposed(e, e.at(x, series, start), length, count, u)
            load_transposed(e, e.at(delta, series, start), length, count, step)
            with e.loop(BLOCK, e.width) as j, e.loop(count) as t:
                at = t * BLOCK + j
                raw = e.load(step, at) + e.load(own.bias, j)
                e.store(activate(e, variant, raw), step, at)
                e.store(e.load(u, at) * e.load(own.skip, j), out, at)
            scan(
                *(e, variant, count, coefficients, own.A),
                *(u, step, state, out),
            )
            store_transposed(e, out, count, e.at(y, series, start), length)


def write_backward(e: Emitter, variant: Variant) -> None:
    """Emit the backward kernel."""
    arguments = Arguments(e)
    length, chunks = arguments.number('length'), arguments.number('chunks')
    blocks, groups = arguments.number('blocks'), arguments.number('groups')
    shares, tasks = arguments.number('shares'), arguments.number('tasks')
    x, delta, dy = (arguments.address(n) for n in ('x', 'delta', 'dy'))
    dx, ddelta = arguments.address('dx'), arguments.address('ddelta')
    db, dc = arguments.address('db'), arguments.address('dc')
    states = arguments.address('states')
    buffers, adjoint = ChunkBuffers(e, variant), Adjoint(e, variant)
    rows = e.index_buffer(CHUNK)
    size = variant.padded * BLOCK
    with e.tasks(tasks, e.argument(1)) as task:
        pair, share = task // shares, task % shares  # (image, group)
        group = pair % groups
        coefficients = _coefficients(e, arguments, variant, pair, rows)
        # (share, image, group, L, N)
        partial = (share * (tasks // shares) + pair) * length * variant.padded
        own_db, own_dc = e.at(db, partial), e.at(dc, partial)
        first, last = blocks * share // shares, blocks * (share + 1) // shares
        with e.loop(last - first) as number:
            block = first + number
            own = Parameters(e, arguments, variant, group * blocks + block)
            gradient = Parameters(
                e, arguments, variant, pair * blocks + block, 'd'
            )
            series = (pair * blocks + block) * BLOCK * length
            clear(e, buffers.carry, size)
            with e.loop(chunks, down=True) as chunk:
                start = chunk * CHUNK
                count = e.minimum(length - start, e.index(CHUNK))
                _fill_rows(e, rows, start, count, variant)
                for source, target in (
                    (x, buffers.u),
                    (delta, buffers.step),
                    (dy, buffers.dy),
                ):
                    load_transposed(
                        e, e.at(source, series, start), length, count, target
                    )
                _activate_buffers(e, variant, buffers, own.bias, count)
                adjoint.run(
                    *(count, coefficients, own.A, buffers),
                    e.at(
                        states,
                        ((pair * blocks + block) * chunks + chunk) * size,
                    ),
                    *(own_db, own_dc, gradient.A),
                )
                finish_chunk(e, buffers, count, own.skip, gradient.skip)
                sum_over_time(e, buffers.along, count, gradient.bias)
                for source, target in (
                    (buffers.inward, dx),
                    (buffers.along, ddelta),
                ):
                    store_transposed(
                        e, source, count, e.at(target, series, start), length
                    )


def _coefficients(e, arguments, variant, pair, rows) -> Coefficients:
    offset = pair * arguments.number('length') * variant.padded
    return Coefficients(
        e.at(arguments.address('b'), offset),
        e.at(arguments.address('c'), offset),
        rows,
    )


def _fill_rows(e, rows, start, count, variant) -> None:
    with e.loop(count) as t:
        e.store_index((start + t) * variant.padded, rows, t)


def _activate_buffers(e, variant, buffers, bias, count) -> None:
    zero = e.splat(0.0)
    with e.loop(BLOCK, e.width) as j, e.loop(count) as t:
        at = t * BLOCK + j
        raw = e.load(buffers.step, at) + e.load(bias, j)
        step, slope = activate_with_slope(e, variant, raw)
        e.store(step, buffers.step, at)
        e.store(slope, buffers.slope, at)
        e.store(zero, buffers.inward, at)
        e.store(zero, buffers.along, at)
