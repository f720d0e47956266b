"""Launches of the kernels, from tensors in their layouts."""

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal_rs.ops.backends.triton import kernels, tiles
from multimodal_rs.ops.backends.triton.primitives import ADD, ATOMIC, STORE
from multimodal_rs.ops.backends.triton.tiles import Division, Tile

# States that a program combines.
COMBINED = 128


class Scan(NamedTuple):
    """Sequences in the layouts of :mod:`.kernels`.

    Attributes:
        u: float32 or 16 bit, as are delta, B and C.
        delta: Before bias and softplus.
        B: First element of batch 0, sequence 0, pixel 0.
        C: As B.
        A: (K, N, D) float32.
        D: (K * D,) or None.
        bias: (K * D,) or None.
        softplus: Whether softplus is applied to delta.
        shape: Batch, height, width, sequences K.
        routes: (K, 2) int32: transposed, reversed.
        strides: Names and values of the kernels' strides.
        shared: Whether the sequences add to the same y and du.
    """

    u: Tensor
    delta: Tensor
    B: Tensor
    C: Tensor
    A: Tensor
    D: Tensor | None
    bias: Tensor | None
    softplus: bool
    shape: tuple[int, int, int, int]
    routes: Tensor
    strides: dict[str, int]
    shared: bool

    @property
    def channels(self) -> int:
        """D, of one sequence."""
        return self.A.shape[2]

    @property
    def states(self) -> int:
        """N."""
        return self.A.shape[1]

    @property
    def how(self) -> int:
        """How y and du are written."""
        if not self.shared:
            return STORE.value
        return ATOMIC.value if self.shape[3] > 1 else ADD.value


class Gradients(NamedTuple):
    """Where the backward pass writes, all float32.

    Attributes:
        u: As u; zeros where sequences share it.
        delta: As delta.
        B: As B with :func:`copies` in front, to be summed; zeros.
        C: As B.
    """

    u: Tensor
    delta: Tensor
    B: Tensor
    C: Tensor


def number_saved(batch: int, length: int, A: Tensor) -> int:
    """Return the number of states that the forward pass keeps."""
    return batch * -(-length // tiles.CHUNK) * A.numel()


def copies(channels: int, states: int) -> int:
    """Return how many dB and dC the backward pass writes.

    Tiles of channels add to the same ones, atomically; where results must not
    depend on the order of sums, each tile has its own.

    Args:
        channels: D.
        states: N.
    """
    if not torch.are_deterministic_algorithms_enabled():
        return 1
    return tiles.backward_tile(states).number(channels)


def run_forward(scan: Scan, y: Tensor, saved: Tensor | None) -> None:
    """Write y, or add to it; fill ``saved`` with states if it is there.

    Args:
        scan: Sequences.
        y: float32, as u; zeros where sequences share it.
        saved: (:func:`number_saved`,) float32 or None.
    """
    tile = tiles.forward_tile(scan.states)
    division = _divide(scan, tile)
    _launch(
        kernels.forward_kernel,
        _programs(scan, division),
        tile.warps,
        **_arguments(scan, tile, division),
        **scan.strides,
        u=scan.u,
        bs=scan.B,
        cs=scan.C,
        skip=scan.D,
        y=y,
        ends=_ends(scan, tile, division, None),
        saved=saved,
        HOW=scan.how,
    )


def run_backward(
    scan: Scan, dy: Tensor, saved: Tensor, found: Gradients
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Fill ``found``; return the gradients of A (K * D, N), D and bias.

    Args:
        scan: Sequences.
        dy: float32, as y.
        saved: From :func:`run_forward`.
        found: Gradients of the sequences.
    """
    tile = tiles.backward_tile(scan.states)
    division = _divide(scan, tile)
    programs = _programs(scan, division)
    frames = tiles.CHUNK // tile.steps
    new, own = scan.A.new_empty, scan.shape[0] * division.segments
    dA, dskip, dbias = (
        None if x is None else new(own, *x.shape)
        for x in (scan.A, scan.D, scan.bias)
    )
    apart = found.B.shape[0] == division.tiles
    _launch(
        kernels.backward_kernel,
        programs,
        tile.warps,
        **_arguments(scan, tile, division),
        **scan.strides,
        dy=dy,
        u=scan.u,
        bs=scan.B,
        cs=scan.C,
        skip=scan.D,
        ends=_ends(scan, tile, division, dy),
        saved=saved,
        scratch=new(programs * frames * tile.size),
        du=found.u,
        ddelta=found.delta,
        dbs=found.B,
        dcs=found.C,
        dA=dA,
        dskip=dskip,
        dbias=dbias,
        dbc_tile=found.B.stride(0) if apart else 0,
        HOW=scan.how,
        HOW_BC=STORE.value if apart else ATOMIC.value,
    )
    dskip, dbias = (None if g is None else g.sum(0) for g in (dskip, dbias))
    return dA.sum(0).mT.flatten(0, 1), dskip, dbias


def _ends(
    scan: Scan, tile: Tile, division: Division, dy: Tensor | None
) -> Tensor | None:
    """Return the states with which segments begin; None for one segment.

    Args:
        scan: Sequences.
        tile: Of a program.
        division: Of the sequences.
        dy: If given, gradients of states are meant, from the end.
    """
    if division.segments == 1:
        return None
    batch, _, _, sequences = scan.shape
    own = batch * sequences * division.segments * scan.channels
    ends, sums = scan.A.new_empty(own * scan.states), scan.A.new_empty(own)
    x = 'u' if dy is None else 'y'
    _launch(
        kernels.local_kernel,
        _programs(scan, division),
        tile.warps,
        **_arguments(scan, tile, division),
        x=scan.u if dy is None else dy,
        bc=scan.B if dy is None else scan.C,
        ends=ends,
        sums=sums,
        x_source=scan.strides[f'{x}_source'],
        x_row=scan.strides[f'{x}_row'],
        **{k: v for k, v in scan.strides.items() if k.startswith(('d', 'bc'))},
        ADJOINT=dy is not None,
    )
    _launch(
        kernels.combine_kernel,
        (-(-scan.states * scan.channels // COMBINED), batch * sequences),
        COMBINED // 32,
        ends=ends,
        sums=sums,
        A=scan.A,
        channels=scan.channels,
        sequences=sequences,
        segments=division.segments,
        N=scan.states,
        SIZE=COMBINED,
        ADJOINT=dy is not None,
    )
    return ends


def _divide(scan: Scan, tile: Tile) -> Division:
    batch, height, width, sequences = scan.shape
    return tiles.divide(
        batch, sequences, height * width, scan.channels, tile, scan.u.device
    )


def _programs(scan: Scan, division: Division) -> int:
    return scan.shape[0] * scan.shape[3] * division.segments * division.tiles


def _arguments(scan: Scan, tile: Tile, division: Division) -> dict:
    """What every kernel that scans takes."""
    _, height, width, sequences = scan.shape
    return dict(
        delta=scan.delta,
        A=scan.A,
        bias=scan.bias,
        routes=scan.routes,
        height=height,
        width=width,
        channels=scan.channels,
        sequences=sequences,
        **division._asdict(),
        N=scan.states,
        OUTER=tile.outer,
        STATES=tile.states,
        INNER=tile.inner,
        CHUNK=tiles.CHUNK,
        STEPS=tile.steps,
        SOFTPLUS=scan.softplus,
    )


def _launch(kernel, grid, warps: int, **arguments) -> None:
    """Run a kernel on the device of its tensors.

    Triton would take the current device. Fused multiply-adds are its default
    so far, and asked for by name.
    """
    device = next(
        x.device for x in arguments.values() if isinstance(x, Tensor)
    )
    grid = grid if isinstance(grid, tuple) else (grid,)
    on_device = (
        torch.cuda.device(device) if device.type == 'cuda' else nullcontext()
    )
    with on_device:
        kernel[grid](**arguments, num_warps=warps, enable_fp_fusion=True)
