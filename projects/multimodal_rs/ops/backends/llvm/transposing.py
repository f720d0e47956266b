"""Transposing between sequences in memory and chunks on the stack, and sums.

In memory the time steps of a channel are neighbours, in a chunk the channels
of a time step.
"""

from multimodal_rs.ops.backends.llvm.emitter import Emitter, Value
from multimodal_rs.ops.backends.llvm.layout import BLOCK


def transpose(e: Emitter, rows: list[Value]) -> list[Value]:
    """Transpose a square of ``width`` vectors.

    Swaps the off-diagonal squares of size 1, then 2, 4, ...: shuffles that
    mostly stay within 128-bit lanes.
    """
    rows = list(rows)
    distance = 1
    while distance < e.width:
        for i in range(e.width):
            if not i & distance:
                pair = rows[i], rows[i + distance]
                rows[i], rows[i + distance] = _swap(e, *pair, distance)
        distance *= 2
    return rows


def sums(e: Emitter, rows: list[Value]) -> Value:
    """Sum each of ``width`` vectors: lane i of the result is that of row i."""
    rows = list(rows)
    distance = 1
    while distance < e.width:
        rows = [
            _add_pair(e, rows[i], rows[i + 1], distance)
            for i in range(0, len(rows), 2)
        ]
        distance *= 2
    return rows[0]


def load_transposed(
    e: Emitter, source: Value, stride: Value, count, target
) -> None:
    """Copy (BLOCK, count) numbers to a (count, BLOCK) buffer.

    Args:
        e: Emitter.
        source: First number; a row (one channel) is contiguous.
        stride: Numbers from one row to the next.
        count: Columns (times), Value.
        target: Buffer.
    """
    with e.loop((count // e.width) * e.width, e.width) as t:
        for j in range(0, BLOCK, e.width):
            rows = [
                e.load(source, stride * (j + i), t) for i in range(e.width)
            ]
            for i, column in enumerate(transpose(e, rows)):
                e.store(column, target, (t + i) * BLOCK, j)
    with e.loop(count % e.width) as rest:
        t = (count // e.width) * e.width + rest
        with e.loop(BLOCK) as c:
            value = e.load_scalar(source, stride * c, t)
            e.store(value, target, t * BLOCK, c)


def store_transposed(e: Emitter, source: Value, count, target, stride) -> None:
    """Undo :func:`load_transposed`."""
    with e.loop((count // e.width) * e.width, e.width) as t:
        for j in range(0, BLOCK, e.width):
            columns = [
                e.load(source, (t + i) * BLOCK, j) for i in range(e.width)
            ]
            for i, row in enumerate(transpose(e, columns)):
                e.store(row, target, stride * (j + i), t)
    with e.loop(count % e.width) as rest:
        t = (count // e.width) * e.width + rest
        with e.loop(BLOCK) as c:
            value = e.load_scalar(source, t * BLOCK, c)
            e.store(value, target, stride * c, t)


def _swap(e: Emitter, upper: Value, lower: Value, distance: int):
    width = e.width
    first, second = [], []
    for lane in range(width):
        if lane & distance:
            first.append(width + lane - distance)
            second.append(width + lane)
        else:
            first.append(lane)
            second.append(lane + distance)
    return e.shuffle(upper, lower, first), e.shuffle(upper, lower, second)


def _add_pair(e: Emitter, a: Value, b: Value, distance: int) -> Value:
    """Add neighbours ``distance`` apart; a in the lanes without that bit."""
    upper, lower = _swap(e, a, b, distance)
    return upper + lower
