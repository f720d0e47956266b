"""Kernels of the fused two-dimensional scan.

x, y and their gradients are (S, B, L, channels), channels last and a multiple
of BLOCK, L = H * W; ``projected``, the result of x_proj, holds for each route
and pixel R numbers for the step size, N of B and N of C. Pixels are visited
in the order of ``positions``, so neither sequences nor directions are ever
written out. A task of the forward pass is one block of channels of one image
with all its routes: y is added up without a race. A task of the backward pass
is a share of the blocks of one image, with its own copy of the gradient of
``projected``.
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
from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value, Variable
from multimodal_rs.ops.backends.llvm.layout import (
    BLOCK,
    CHUNK,
    Arguments,
    Variant,
)
from multimodal_rs.ops.backends.llvm.parameters import Parameters

# Pixels whose step sizes are projected together: they share the weights.
PIXELS = 4


def write_forward(e: Emitter, variant: Variant) -> None:
    """Emit the forward kernel."""
    arguments = Arguments(e)
    length, chunks = arguments.number('length'), arguments.number('chunks')
    blocks, routes = arguments.number('blocks'), arguments.number('routes')
    channels, rank = arguments.number('channels'), arguments.number('rank')
    tasks = arguments.number('tasks')
    y = arguments.address('y')
    states, keep = arguments.address('states'), arguments.number('states')
    state = e.buffer(variant.padded * BLOCK)
    u, step, out = (e.buffer(CHUNK * BLOCK) for _ in range(3))
    visit = Visit(e, arguments, variant)
    with e.tasks(tasks, e.argument(1)) as task:
        image, block = task // blocks, task % blocks
        target = e.at(y, image * length * channels, block * BLOCK)
        with e.loop(routes) as route:
            number = route * blocks + block
            own = Parameters(e, arguments, variant, number)
            weight = _dt_weight(e, arguments, number, rank)
            source, projected = visit.enter(image, block, route)
            coefficients = Coefficients(
                e.at(projected, rank),
                e.at(projected, rank, variant.padded),
                visit.rows,
            )
            clear(e, state, variant.padded * BLOCK)
            with e.loop(chunks) as chunk:
                count = visit.fill(route, chunk)
                with e.when(keep >= 1):
                    place = (image * routes + route) * blocks + block
                    copy(
                        e,
                        state,
                        _saved(e, states, variant, place, chunks, chunk),
                        variant.padded * BLOCK,
                    )
                for j, t, raw in project(
                    e, projected, visit.rows, count, rank, weight, own.bias
                ):
                    e.store(activate(e, variant, raw), step, t * BLOCK, j)
                with e.loop(BLOCK, e.width) as j, e.loop(count) as t:
                    value = e.load(source, visit.pixel(t), j)
                    e.store(value, u, t * BLOCK + j)
                    start = value * e.load(own.skip, j)
                    e.store(start, out, t * BLOCK + j)
                scan(
                    *(e, variant, count, coefficients, own.A),
                    *(u, step, state, out),
                )
                with e.either(route.equals(0)) as (first, later):
                    with first, e.loop(BLOCK, e.width) as j:
                        with e.loop(count) as t:
                            value = e.load(out, t * BLOCK + j)
                            e.store(value, target, visit.pixel(t), j)
                    with later, e.loop(BLOCK, e.width) as j:
                        with e.loop(count) as t:
                            value = e.load(out, t * BLOCK + j)
                            e.add_to(value, target, visit.pixel(t), j)


def write_backward(e: Emitter, variant: Variant) -> None:
    """Emit the backward kernel."""
    arguments = Arguments(e)
    length, chunks = arguments.number('length'), arguments.number('chunks')
    blocks, routes = arguments.number('blocks'), arguments.number('routes')
    channels, rank = arguments.number('channels'), arguments.number('rank')
    shares, tasks = arguments.number('shares'), arguments.number('tasks')
    dy, dx = arguments.address('dy'), arguments.address('dx')
    dprojected = arguments.address('dprojected')
    states = arguments.address('states')
    buffers, adjoint = ChunkBuffers(e, variant), Adjoint(e, variant)
    visit = Visit(e, arguments, variant)
    with e.tasks(tasks, e.argument(1)) as task:
        image, share = task // shares, task % shares
        first, last = blocks * share // shares, blocks * (share + 1) // shares
        partial = share * arguments.number('projected_size')
        with e.loop(last - first) as index, e.loop(routes) as route:
            block = first + index
            number = route * blocks + block
            own = Parameters(e, arguments, variant, number)
            place = (image * routes + route) * blocks + block
            gradient = Parameters(e, arguments, variant, place, 'd')
            weight = _dt_weight(e, arguments, number, rank)
            source, projected = visit.enter(image, block, route)
            dsource = e.at(dx, visit.source_offset)
            gprojected = e.at(dprojected, partial, visit.projected_offset)
            dtarget = e.at(dy, image * length * channels, block * BLOCK)
            coefficients = Coefficients(
                e.at(projected, rank),
                e.at(projected, rank, variant.padded),
                visit.rows,
            )
            clear(e, buffers.carry, variant.padded * BLOCK)
            with e.loop(chunks, down=True) as chunk:
                count = visit.fill(route, chunk)
                for j, t, raw in project(
                    e, projected, visit.rows, count, rank, weight, own.bias
                ):
                    dt, slope = activate_with_slope(e, variant, raw)
                    e.store(dt, buffers.step, t * BLOCK, j)
                    e.store(slope, buffers.slope, t * BLOCK, j)
                clear(e, buffers.inward, CHUNK * BLOCK)
                clear(e, buffers.along, CHUNK * BLOCK)
                with e.loop(BLOCK, e.width) as j, e.loop(count) as t:
                    pixel = visit.pixel(t)
                    e.store(e.load(source, pixel, j), buffers.u, t * BLOCK + j)
                    value = e.load(dtarget, pixel, j)
                    e.store(value, buffers.dy, t * BLOCK + j)
                adjoint.run(
                    *(count, coefficients, own.A, buffers),
                    _saved(e, states, variant, place, chunks, chunk),
                    e.at(gprojected, rank),
                    e.at(gprojected, rank, variant.padded),
                    gradient.A,
                )
                finish_chunk(e, buffers, count, own.skip, gradient.skip)
                sum_over_time(e, buffers.along, count, gradient.bias)
                with e.loop(BLOCK, e.width) as j, e.loop(count) as t:
                    value = e.load(buffers.inward, t * BLOCK + j)
                    e.add_to(value, dsource, visit.pixel(t), j)
                _project_back(
                    *(e, arguments, variant, buffers.along, visit, count),
                    *(projected, gprojected, rank, number, place),
                )


class Visit:
    """Walks over the pixels of a route, chunk by chunk.

    Attributes:
        rows: Buffer: offset of each pixel of the chunk in ``projected``.
        source_offset: Of the current image and block in x.
        projected_offset: Of the current image and route in ``projected``.
    """

    def __init__(
        self, e: Emitter, arguments: Arguments, variant: Variant
    ) -> None:
        self._e, self._arguments, self._variant = e, arguments, variant
        self.rows = e.index_buffer(CHUNK)
        self._pixels = e.index_buffer(CHUNK)

    def enter(
        self, image: Value, block: Value, route: Value
    ) -> tuple[Value, Value]:
        """Start a route.

        Returns:
            Addresses of the map's block and of the route's projections.
        """
        e, number = self._e, self._arguments.number
        address = self._arguments.address
        self._stride = e.load_index(address('projected_strides'), route)
        self.source_offset = (
            e.load_index(address('x_bases'), route)
            + image * number('length') * number('channels')
            + block * BLOCK
        )
        self.projected_offset = (
            e.load_index(address('projected_bases'), route)
            + image * number('length') * self._stride
        )
        return (
            e.at(address('x'), self.source_offset),
            e.at(address('projected'), self.projected_offset),
        )

    def fill(self, route: Value, chunk: Value) -> Value:
        """Look the pixels of a chunk up.

        The entries after the last pixel of an image repeat it: they are
        read, but nothing is kept of them.

        Returns:
            Number of pixels.
        """
        e, number = self._e, self._arguments.number
        length, channels = number('length'), number('channels')
        start = chunk * CHUNK
        count = e.minimum(length - start, e.index(CHUNK))
        order = self._arguments.address('positions')
        with e.loop(CHUNK) as t:
            inside = e.minimum(t, count - 1)
            pixel = e.load_index(order, route * length, start + inside)
            e.store_index(pixel * channels, self._pixels, t)
            e.store_index(pixel * self._stride, self.rows, t)
        return count

    def pixel(self, t: Value) -> Value:
        """Return the offset of pixel t of the chunk in x, y, dx, dy."""
        return self._e.load_index(self._pixels, t)


def project(e, projected, rows, count, rank, weight, bias):
    """Emit the projection of the step sizes, PIXELS pixels at a time.

    Yields:
        (channel offset j, time, raw step size) for each vector of a group,
        up to a multiple of PIXELS.
    """
    lanes = range(0, BLOCK, e.width)
    with e.loop(count, PIXELS) as t:
        pixels = [
            e.at(projected, e.load_index(rows, t + i)) for i in range(PIXELS)
        ]
        totals = [
            [Variable(e, e.load(bias, j)) for j in lanes] for _ in pixels
        ]
        with e.loop(rank) as r:
            weights = [e.load(weight, r * BLOCK, j) for j in lanes]
            for pixel, row in zip(pixels, totals, strict=True):
                value = e.load_splat(pixel, r)
                for w, total in zip(weights, row, strict=True):
                    total.set(e.fma(w, value, total.get()))
        for i, row in enumerate(totals):
            for j, total in zip(lanes, row, strict=True):
                yield j, t + i, total.get()


def _project_back(
    e: Emitter,
    arguments: Arguments,
    variant: Variant,
    draw: Value,
    visit: Visit,
    count: Value,
    projected: Value,
    gprojected: Value,
    rank: Value,
    number: Value,
    place: Value,
) -> None:
    """Gradients of the weight of the step size and of what it multiplies."""
    lanes = range(0, BLOCK, e.width)
    dweight = e.at(arguments.address('ddt_weight'), place * rank * BLOCK)
    with e.loop(rank, PIXELS) as r:
        totals = [
            [Variable(e, e.load(dweight, (r + i) * BLOCK, j)) for j in lanes]
            for i in range(PIXELS)
        ]
        with e.loop(count) as t:
            values = [e.load(draw, t * BLOCK, j) for j in lanes]
            row = e.at(projected, e.load_index(visit.rows, t), r)
            for i in range(PIXELS):
                factor = e.load_splat(row, i)
                for value, total in zip(values, totals[i], strict=True):
                    total.set(e.fma(value, factor, total.get()))
        for i in range(PIXELS):
            for j, total in zip(lanes, totals[i], strict=True):
                e.store(total.get(), dweight, (r + i) * BLOCK, j)
    # (BLOCK, R): the ranks in the lanes
    weight = e.at(
        arguments.address('dt_weight_by_channel'), number * rank * BLOCK
    )
    with e.loop(rank, e.width) as r, e.loop(count, PIXELS) as t:
        totals = [Variable(e, e.splat(0.0)) for _ in range(PIXELS)]
        with e.loop(BLOCK) as c:
            w = e.load(weight, c * rank, r)
            for i, total in enumerate(totals):
                value = e.load_splat(draw, (t + i) * BLOCK, c)
                total.set(e.fma(w, value, total.get()))
        for i, total in enumerate(totals):
            row = e.load_index(visit.rows, t + i)
            e.add_to(total.get(), gprojected, row, r)


def _dt_weight(e, arguments, number, rank) -> Value:
    return e.at(arguments.address('dt_weight'), number * rank * BLOCK)


def _saved(e, states, variant, place, chunks, chunk) -> Value:
    size = variant.padded * BLOCK
    return e.at(states, (place * chunks + chunk) * size)
