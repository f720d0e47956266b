"""Plain torch, chunk after chunk: runs wherever torch does.

Only the recurrence itself goes step by step, one fused multiply-add of all
channels and states into a buffer. Everything before and after it is done for
a chunk of steps at once, time slowest and channels fastest. The forward pass
keeps the states at the beginning of each chunk and the backward pass computes
the rest again, so memory grows with the number of states divided by the steps
of a chunk.

Sums over states and channels are products and sums, not matrix products, and
so never run in reduced precision (TF32, bfloat16), whatever torch's switches
say. Decays are powers of two, which torch computes faster than those of e.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from multimodal_rs.ops.backend import Backend

# Elements (batch x channels x states) of one step, and of the steps of a
# chunk. On a CPU a step should be long enough to hide the cost of a call, and
# a chunk short enough for the cache. Elsewhere a step is a kernel launch, so
# the batch is not divided.
STEP_ELEMENTS = 2**15
CHUNK_ELEMENTS = 2**19
OTHER_DEVICES_CHUNK_ELEMENTS = 2**24
MIN_STEPS = 8


class Sequences(NamedTuple):
    """The arguments with a time axis, or their gradients.

    Attributes:
        u: (B, G * D, L).
        delta: (B, G * D, L), before bias and softplus.
        B: (B, G, N, L).
        C: (B, G, N, L).
    """

    u: Tensor
    delta: Tensor
    B: Tensor
    C: Tensor

    def rows(self, rows: slice) -> 'Sequences':
        return Sequences(*(x[rows] for x in self))


class Constants(NamedTuple):
    """The arguments without a time axis, laid out like a step.

    Attributes:
        A: (G, N, D).
        A_log2: A * log2(e).
        D: (G, 1, D) or None.
        bias: (G, 1, D) or None.
        softplus: Whether softplus is applied to delta.
    """

    A: Tensor
    A_log2: Tensor
    D: Tensor | None
    bias: Tensor | None
    softplus: bool


class Chunk(NamedTuple):
    """T steps of the sequences.

    Attributes:
        u: (T, B, G, 1, D).
        raw: As u; delta with its bias.
        step: As u; softplus of raw.
        B: (T, B, G, N, 1).
        C: (T, B, G, N, 1).
    """

    u: Tensor
    raw: Tensor
    step: Tensor
    B: Tensor
    C: Tensor


class PlainTorch(Backend):
    """The scan in plain torch, chunk after chunk."""

    def selective_scan_forward(
        self, u, delta, A, B, C, D, delta_bias, softplus, keep
    ):
        """Return y, in the memory layout of u, and states."""
        constants = _constants(A, D, delta_bias, softplus, B.shape[1])
        inputs = Sequences(u, delta, B, C)
        y = torch.empty_like(u, dtype=A.dtype)
        saved = A.new_empty(self.selective_scan_saved(u, A, B) if keep else 0)
        kept = saved.view(-1, len(u), *constants.A.shape) if keep else None
        rows, steps = _division(u, A)
        for first in range(0, len(u), rows):
            own = slice(first, first + rows)
            _forward_rows(
                y[own],
                inputs.rows(own),
                kept[:, own] if keep else None,
                constants,
                steps,
            )
        return y, saved

    def selective_scan_backward(
        self, dy, saved, u, delta, A, B, C, D, delta_bias, softplus
    ):
        """Return the gradients of the seven tensors."""
        inputs = Sequences(u, delta, B, C)
        constants = _constants(A, D, delta_bias, softplus, B.shape[1])
        kept = saved.view(-1, len(u), *constants.A.shape)
        found = Sequences(
            *(torch.empty_like(x, dtype=A.dtype) for x in inputs)
        )
        rows, steps = _division(u, A)
        dA = torch.zeros_like(constants.A)
        for first in range(0, len(u), rows):
            own = slice(first, first + rows)
            dA += _backward_rows(
                found.rows(own),
                inputs.rows(own),
                dy[own],
                kept[:, own],
                constants,
                steps,
            )
        du, ddelta, dB, dC = found
        dbias = None if delta_bias is None else ddelta.sum(dim=(0, 2))
        dD = None if D is None else (dy * u).sum(dim=(0, 2))
        return du, ddelta, dA.mT.reshape(A.shape), dB, dC, dD, dbias

    def selective_scan_saved(self, u: Tensor, A: Tensor, B: Tensor) -> int:
        """Return the number of states before each chunk."""
        batch, channels, length = u.shape
        _, steps = _division(u, A)
        return -(-length // steps) * batch * channels * A.shape[1]


def _division(u: Tensor, A: Tensor) -> tuple[int, int]:
    """Return how many rows of the batch and how many steps run at once."""
    batch, _, length = u.shape
    width = A.shape[0] * A.shape[1]
    rows, chunk = batch, OTHER_DEVICES_CHUNK_ELEMENTS
    if u.device.type == 'cpu':
        rows = min(batch, max(1, STEP_ELEMENTS // width))
        chunk = CHUNK_ELEMENTS
    steps = max(MIN_STEPS, chunk // (rows * width))
    return rows, min(steps, length)


def _constants(A, D, bias, softplus, groups) -> Constants:
    A = A.unflatten(0, (groups, -1)).mT.contiguous()
    D, bias = (
        None if x is None else x.unflatten(0, (groups, 1, -1))
        for x in (D, bias)
    )
    return Constants(A, A * math.log2(math.e), D, bias, softplus)


def _forward_rows(
    y: Tensor,
    inputs: Sequences,
    kept: Tensor | None,
    constants: Constants,
    steps: int,
) -> None:
    """Write y (B, G * D, L) and the states before each chunk."""
    batch, _, length = y.shape
    state = constants.A.new_zeros(batch, *constants.A.shape)
    buffers = state.new_empty(2, steps, *state.shape)
    for number, start in enumerate(range(0, length, steps)):
        if kept is not None:
            kept[number] = state
        chunk = _load(inputs, start, start + steps, constants)
        decays, states = buffers[:, : len(chunk.u)]
        _run(chunk, state, decays, states, constants)
        state = _without_denormals(states[-1])
        out = _total(states, chunk.C, 3, decays)  # (T, B, G, 1, D)
        if constants.D is not None:
            out.addcmul_(chunk.u, constants.D)
        _store(y, start, out)


def _backward_rows(
    found: Sequences,
    inputs: Sequences,
    dy: Tensor,
    kept: Tensor,
    constants: Constants,
    steps: int,
) -> Tensor:
    """Write the gradients of the sequences, return that of A (G, N, D).

    With g_t = C_t dy_t + exp(delta_{t+1} A) g_{t+1}, the gradient of the
    state h_t, from the last chunk to the first.
    """
    A, length = constants.A, dy.shape[2]
    carry = torch.zeros_like(kept[0])
    buffers = carry.new_empty(4, steps, *carry.shape)
    dA = torch.zeros_like(A)
    starts = range(0, length, steps)
    for number, start in reversed(list(enumerate(starts))):
        chunk = _load(inputs, start, start + steps, constants)
        dy_t = _like_u(dy, start, start + steps, A)
        decays, states, g, scratch = buffers[:, : len(dy_t)]
        _run(chunk, kept[number], decays, states, constants)
        torch.mul(dy_t, chunk.C, out=g)
        carry = _run_back(g, decays, carry)
        _store(found.C, start, _total(states, dy_t, 4, scratch))
        drive = chunk.step * chunk.u
        _store(found.B, start, _total(g, drive, 4, scratch))
        toward_input = _total(g, chunk.B, 3, scratch)
        g.mul_(decays)
        g[1:].mul_(states[:-1])
        g[0].mul_(kept[number])
        dstep = _total(g, A, 3, scratch).addcmul_(chunk.u, toward_input)
        dA += _total(g, chunk.step, (0, 1), scratch)[0, 0]
        if constants.softplus:
            dstep.mul_(torch.sigmoid(chunk.raw))
        _store(found.delta, start, dstep)
        du = toward_input.mul_(chunk.step)
        if constants.D is not None:
            du.addcmul_(dy_t, constants.D)
        _store(found.u, start, du)
    return dA


def _run(
    chunk: Chunk,
    state: Tensor,
    decays: Tensor,
    states: Tensor,
    constants: Constants,
) -> None:
    """Fill ``decays`` and ``states`` (T, B, G, N, D) from the state before."""
    torch.mul(chunk.step, constants.A_log2, out=decays).exp2_()
    torch.mul(chunk.step * chunk.u, chunk.B, out=states)
    for decay, h in zip(decays.unbind(0), states.unbind(0), strict=True):
        state = h.addcmul_(decay, state)


def _run_back(g: Tensor, decays: Tensor, carry: Tensor) -> Tensor:
    """Turn C_t dy_t into g_t in place.

    Args:
        g: (T, B, G, N, D).
        decays: (T, B, G, N, D).
        carry: exp(delta_{t+1} A) g_{t+1} of the last step t.

    Returns:
        The carry for the chunk before.
    """
    g[-1] += carry
    pairs = zip(reversed(g.unbind(0)), reversed(decays.unbind(0)), strict=True)
    after, decay = next(pairs)
    for own, next_decay in pairs:
        after, decay = own.addcmul_(decay, after), next_decay
    return _without_denormals(decay * after)


def _total(x: Tensor, y: Tensor, dim, scratch: Tensor) -> Tensor:
    """Sum x * y; the dimensions stay, of size 1."""
    return torch.mul(x, y, out=scratch).sum(dim=dim, keepdim=True)


def _load(
    inputs: Sequences, start: int, stop: int, constants: Constants
) -> Chunk:
    A = constants.A
    u, raw = (_like_u(x, start, stop, A) for x in inputs[:2])
    b, c = (_time_first(x, start, stop, A)[..., None] for x in inputs[2:])
    if constants.bias is not None:
        raw += constants.bias
    step = functional.softplus(raw) if constants.softplus else raw
    return Chunk(u, raw, step, b, c)


def _like_u(x: Tensor, start: int, stop: int, A: Tensor) -> Tensor:
    """(B, G * D, L) -> (T, B, G, 1, D)."""
    return _time_first(x, start, stop, A).unflatten(2, (A.shape[0], 1, -1))


def _time_first(x: Tensor, start: int, stop: int, A: Tensor) -> Tensor:
    """Copy (..., L) to (T, ...) in the dtype of A."""
    part = x[..., start:stop].to(A.dtype)
    if part.stride(-1) == 1:
        # Transposing is three times as fast from short rows as from rows a
        # power of two apart, which share their places in the cache.
        part = part.contiguous()
    return part.movedim(-1, 0).clone(memory_format=torch.contiguous_format)


def _store(target: Tensor, start: int, chunk: Tensor) -> None:
    """Write a chunk, time first, with its singleton, into (..., L)."""
    shape = (len(chunk), *target.shape[:-1])
    end = start + len(chunk)
    target[..., start:end] = chunk.reshape(shape).movedim(0, -1)


def _without_denormals(x: Tensor) -> Tensor:
    """Copy x; what decays after the last input would get slow for ever."""
    tiny = torch.finfo(x.dtype).tiny * 2**27
    return x.masked_fill(x.abs() < tiny, 0)


BACKEND = PlainTorch()
