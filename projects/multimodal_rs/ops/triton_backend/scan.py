"""From tensors in the kernels' layouts to launches."""

from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from multimodal_rs.ops.triton_backend import kernels
from multimodal_rs.ops.triton_backend.primitives import ADD, ATOMIC, STORE

# Steps between saved states. Twice as many halve the memory of the forward
# pass and double the scratch of the backward pass.
CHUNK = 32
# States of a warp's tile: 16 registers per thread and value.
TILE_ELEMENTS = 512
# Registers per thread for the states of the steps differentiated together.
FRAME_REGISTERS = 64
MAX_STEPS = 8
# Sequences are cut into segments, which costs every decay twice, when the
# warps are fewer than half of so many per multiprocessor.
WARPS_PER_PROCESSOR = 8


class Tile(NamedTuple):
    """How a program holds its states, see :mod:`.kernels`.

    Attributes:
        outer: Channels in registers.
        states: States, padded to a power of two.
        inner: Channels over threads.
        warps: Of a program.
    """

    outer: int
    states: int
    inner: int
    warps: int


class Scan(NamedTuple):
    """Sequences in the layouts of :mod:`.kernels`.

    Attributes:
        u: float32 or 16 bit, as are delta, B and C.
        delta: Before bias and softplus.
        B: First element of batch 0, sequence 0, pixel 0.
        C: As B.
        A: (K * D, N) float32.
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
    def how(self) -> int:
        """How y and du are written."""
        if not self.shared:
            return STORE.value
        return ATOMIC.value if self.shape[3] > 1 else ADD.value


class Gradients(NamedTuple):
    """Where the backward pass writes.

    Attributes:
        du: float32, as u; zeros where sequences share it.
        ddelta: float32, as delta.
        dB: float32, as B with :func:`copies` in front, to be summed; zeros.
        dC: As dB.
    """

    du: Tensor
    ddelta: Tensor
    dB: Tensor
    dC: Tensor


class _Plan(NamedTuple):
    """How the work is divided.

    Attributes:
        tile: Of a program.
        channels: D.
        tiles: Of the channels.
        chunks: Of a sequence.
        segments: Of a sequence.
        per_segment: Chunks of a segment.
    """

    tile: Tile
    channels: int
    tiles: int
    chunks: int
    segments: int
    per_segment: int


def number_saved(batch: int, length: int, A: Tensor) -> int:
    """Return the number of states that the forward pass keeps."""
    return batch * -(-length // CHUNK) * A.numel()


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
    return _tiles(channels, backward_tile(states))


def run_forward(scan: Scan, y: Tensor, saved: Tensor | None) -> None:
    """Write y, or add to it; fill ``saved`` with states if it is there.

    Args:
        scan: Sequences.
        y: float32, as u; zeros where sequences share it.
        saved: (:func:`number_saved`,) float32 or None.
    """
    plan = _plan(scan, forward_tile(scan.A.shape[1]))
    ends = _ends(scan, plan, scan.u, scan.B, adjoint=False)
    _launch(
        kernels.forward_kernel,
        _programs(scan, plan),
        plan.tile.warps,
        **_arguments(scan, plan),
        **scan.strides,
        u=scan.u,
        bs=scan.B,
        cs=scan.C,
        skip=scan.D,
        y=y,
        ends=ends,
        saved=saved,
        chunks=plan.chunks,
        per_segment=plan.per_segment,
        CHUNK=CHUNK,
        HOW=scan.how,
    )


def run_backward(
    scan: Scan, dy: Tensor, saved: Tensor, found: Gradients
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Fill ``found``; return the gradients of A, D and bias.

    Args:
        scan: Sequences.
        dy: float32, as y.
        saved: From :func:`run_forward`.
        found: Gradients of the sequences.
    """
    tile = backward_tile(scan.A.shape[1])
    plan = _plan(scan, tile)
    steps = _frame_steps(tile)
    programs = _programs(scan, plan)
    size = tile.outer * tile.states * tile.inner
    own = scan.shape[0] * plan.segments
    new = scan.A.new_empty
    parameters = (
        new(own, *scan.A.shape),
        None if scan.D is None else new(own, *scan.D.shape),
        None if scan.bias is None else new(own, *scan.bias.shape),
    )
    own_copies = found.dB.shape[0] == plan.tiles
    _launch(
        kernels.backward_kernel,
        programs,
        tile.warps,
        **_arguments(scan, plan),
        **scan.strides,
        dy=dy,
        u=scan.u,
        bs=scan.B,
        cs=scan.C,
        skip=scan.D,
        ends=_ends(scan, plan, dy, scan.C, adjoint=True),
        saved=saved,
        scratch=new(programs * CHUNK // steps * size),
        du=found.du,
        ddelta=found.ddelta,
        dbs=found.dB,
        dcs=found.dC,
        dA=parameters[0],
        dskip=parameters[1],
        dbias=parameters[2],
        chunks=plan.chunks,
        per_segment=plan.per_segment,
        dbc_tile=found.dB.stride(0) if own_copies else 0,
        CHUNK=CHUNK,
        STEPS=steps,
        HOW=scan.how,
        HOW_BC=STORE.value if own_copies else ATOMIC.value,
    )
    return tuple(None if g is None else g.sum(dim=0) for g in parameters)


def forward_tile(states: int) -> Tile:
    """Keep the states of a channel in one thread: their sum costs nothing."""
    padded, channels, warps = _tile_size(states)
    inner = min(32, channels)
    return Tile(channels // inner, padded, inner, warps)


def backward_tile(states: int) -> Tile:
    """Balance the sums over states with those over channels.

    A sum over threads is a few exchanges for each value that is summed. With
    8 channels and 4 states over the threads of a warp, and N = 16, that are
    2.5 exchanges per state and step, with 32 channels 10.
    """
    padded, channels, warps = _tile_size(states)
    inner = max(8, 32 // padded)
    return Tile(channels // inner, padded, inner, warps)


def _tile_size(states: int) -> tuple[int, int, int]:
    """Return padded states, channels (16 to 64) and warps of a program."""
    padded = 1 << (states - 1).bit_length()
    channels = min(max(TILE_ELEMENTS // padded, 16), 64)
    return padded, channels, max(1, channels * padded // TILE_ELEMENTS)


def _tiles(channels: int, tile: Tile) -> int:
    return -(-channels // (tile.outer * tile.inner))


def _frame_steps(tile: Tile) -> int:
    per_thread = tile.outer * tile.states * tile.inner // (32 * tile.warps)
    return min(FRAME_REGISTERS // per_thread, MAX_STEPS, CHUNK)


def _plan(scan: Scan, tile: Tile) -> _Plan:
    batch, height, width, sequences = scan.shape
    channels = scan.A.shape[0] // sequences
    tiles = _tiles(channels, tile)
    chunks = -(-height * width // CHUNK)
    warps = batch * sequences * tiles * tile.warps
    wanted = WARPS_PER_PROCESSOR * _processors(scan.u.device)
    segments = 1 if 2 * warps > wanted else min(chunks, -(-wanted // warps))
    per_segment = -(-chunks // segments)
    segments = -(-chunks // per_segment)
    return _Plan(tile, channels, tiles, chunks, segments, per_segment)


def _processors(device: torch.device) -> int:
    if device.type != 'cuda':  # interpreted: one program after the other
        return 1
    return torch.cuda.get_device_properties(device).multi_processor_count


def _programs(scan: Scan, plan: _Plan) -> int:
    return scan.shape[0] * scan.shape[3] * plan.segments * plan.tiles


def _arguments(scan: Scan, plan: _Plan) -> dict:
    """What every kernel that scans takes."""
    _, height, width, sequences = scan.shape
    return dict(
        delta=scan.delta,
        A=scan.A,
        bias=scan.bias,
        routes=scan.routes,
        height=height,
        width=width,
        channels=plan.channels,
        sequences=sequences,
        tiles=plan.tiles,
        segments=plan.segments,
        N=scan.A.shape[1],
        OUTER=plan.tile.outer,
        STATES=plan.tile.states,
        INNER=plan.tile.inner,
        SOFTPLUS=scan.softplus,
    )


def _ends(
    scan: Scan, plan: _Plan, x: Tensor, bc: Tensor, adjoint: bool
) -> Tensor | None:
    """Return the states with which segments begin; None for one segment.

    Args:
        scan: Sequences.
        plan: Division.
        x: u, or dy with ``adjoint``.
        bc: B, or C with ``adjoint``.
        adjoint: Whether gradients are scanned, from the end.
    """
    if plan.segments == 1:
        return None
    batch, _, _, sequences = scan.shape
    states = scan.A.shape[1]
    new, own = scan.A.new_empty, batch * sequences * plan.segments
    ends, sums = new(own * states * plan.channels), new(own * plan.channels)
    x_source, x_row = (
        ('y_source', 'y_row')
        if adjoint
        else (
            'u_source',
            'u_row',
        )
    )
    kept = {
        name: scan.strides[name]
        for name in ('d_source', 'd_row', 'bc_source', 'bc_row')
    }
    _launch(
        kernels.local_kernel,
        _programs(scan, plan),
        plan.tile.warps,
        **_arguments(scan, plan),
        **kept,
        x=x,
        bc=bc,
        ends=ends,
        sums=sums,
        steps=plan.per_segment * CHUNK,
        x_source=scan.strides[x_source],
        x_row=scan.strides[x_row],
        ADJOINT=adjoint,
    )
    size = 128
    _launch(
        kernels.combine_kernel,
        (-(-states * plan.channels // size), batch * sequences),
        4,
        ends=ends,
        sums=sums,
        A=scan.A,
        channels=plan.channels,
        sequences=sequences,
        segments=plan.segments,
        N=states,
        SIZE=size,
        ADJOINT=adjoint,
    )
    return ends


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
