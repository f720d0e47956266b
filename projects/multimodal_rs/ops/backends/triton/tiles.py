"""Tiles of the kernels: how large they are, and how the work is divided."""

from typing import NamedTuple

import torch

# Steps between saved states. Twice as many halve the memory of the forward
# pass and double the scratch of the backward pass.
CHUNK = 32
# States of a warp's tile: 16 registers per thread and value.
WARP_STATES = 512
# Registers per thread for what the steps of one frame keep.
FRAME_REGISTERS = 32
MAX_STEPS = 4
# Cutting sequences into segments costs every decay twice. It is done when
# there are fewer warps per multiprocessor, and then there are many.
FEW_WARPS = 4
MANY_WARPS = 16


class Tile(NamedTuple):
    """What a program holds, see :mod:`.kernels`.

    Attributes:
        outer: Channels in registers.
        states: States, padded to a power of two.
        inner: Channels over threads.
        warps: Of a program.
        steps: Of a frame: read together, or differentiated together.
    """

    outer: int
    states: int
    inner: int
    warps: int
    steps: int

    @property
    def size(self) -> int:
        return self.outer * self.states * self.inner

    def number(self, channels: int) -> int:
        """Tiles for so many channels."""
        return -(-channels // (self.outer * self.inner))


class Division(NamedTuple):
    """Of the sequences.

    Attributes:
        tiles: Of the channels.
        chunks: Of a sequence.
        segments: Of a sequence.
        per_segment: Chunks of a segment.
    """

    tiles: int
    chunks: int
    segments: int
    per_segment: int


def forward_tile(states: int) -> Tile:
    """Keep the states of a channel in one thread: their sum costs nothing."""
    padded = _padded(states)
    channels = min(max(WARP_STATES // padded, 16), 64)
    return _tile(channels, padded, min(32, channels))


def backward_tile(states: int) -> Tile:
    """Balance the sums over states with those over channels.

    Summing over threads takes a few exchanges per value. With a thread per
    channel, sums over channels take 10 exchanges per state and step (of dB
    and dC, over 32 threads); with 8 channels and 4 states over the threads of
    a warp, and 2 channels per thread, all sums together take 4. Triton lays a
    tile out like this only if it has fewer channels than threads.
    """
    padded = _padded(states)
    if padded < 8:
        return _tile(64, padded, 32)
    return _tile(16, padded, 8)


def divide(
    batch: int, sequences: int, length: int, channels: int, tile: Tile,
    device: torch.device,
) -> Division:  # fmt: skip
    """Cut sequences into segments if programs are too few for the device."""
    tiles, chunks = tile.number(channels), -(-length // CHUNK)
    warps = batch * sequences * tiles * tile.warps
    number = processors(device)
    segments = 1
    if warps < FEW_WARPS * number:
        segments = min(chunks, -(-MANY_WARPS * number // warps))
    per_segment = -(-chunks // segments)
    return Division(tiles, chunks, -(-chunks // per_segment), per_segment)


def processors(device: torch.device) -> int:
    """Return the number of multiprocessors; 1 when interpreted."""
    if device.type != 'cuda':
        return 1
    return torch.cuda.get_device_properties(device).multi_processor_count


def _padded(states: int) -> int:
    return 1 << (states - 1).bit_length()


def _tile(channels: int, states: int, inner: int) -> Tile:
    elements = channels * states
    warps = max(1, elements // WARP_STATES)
    per_thread = max(1, elements // (32 * warps))
    steps = min(FRAME_REGISTERS // per_thread, MAX_STEPS, CHUNK)
    return Tile(channels // inner, states, inner, warps, steps)
