"""Parameters in the order in which the kernels read them."""

import ctypes

import torch
from torch import Tensor
from torch.nn import functional

from multimodal_rs.ops.backends.llvm.layout import BLOCK, FIELDS

# Backward tasks per image (or group) at most: each adds up gradients of its
# own copy of what all channels share.
MOST_SHARES = 8


def round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple


def blocks_of(channels: int) -> int:
    return -(-channels // BLOCK)


def pack(parameter: Tensor, padded: int) -> Tensor:
    """Bring (K, D, N) into (K, blocks, N padded, BLOCK)."""
    number, channels, states = parameter.shape
    filled = functional.pad(
        parameter,
        (0, padded - states, 0, round_up(channels, BLOCK) - channels),
    )
    split = filled.view(number, blocks_of(channels), BLOCK, padded)
    return split.transpose(2, 3).contiguous()


def unpack(packed: Tensor, channels: int, states: int) -> Tensor:
    """Undo :func:`pack`."""
    number, _, padded, _ = packed.shape
    joined = packed.transpose(2, 3).reshape(number, -1, padded)
    return joined[:, :channels, :states].contiguous()


def pad_last(x: Tensor, size: int) -> Tensor:
    """Make x float32, contiguous and ``size`` long in its last dimension."""
    x = x.float()
    if x.shape[-1] != size:
        x = functional.pad(x, (0, size - x.shape[-1]))
    return x.contiguous()


def shares_for(tasks: int, blocks: int) -> int:
    """Split each task so that all threads have the same to do.

    Args:
        tasks: Tasks that share nothing.
        blocks: Parts that a task can be split into.
    """
    threads = torch.get_num_threads()
    shares = 1
    while tasks * shares % threads and tasks * shares < 4 * threads:
        shares += 1
    return min(shares, blocks, MOST_SHARES)


def arguments(**values: Tensor | int):
    """Fill the table that a kernel reads.

    Args:
        values: Numbers, and tensors whose address is meant. Those that the
            kernel does not use may be left out.

    Returns:
        ctypes array. The tensors have to stay alive.
    """
    table = (ctypes.c_int64 * len(FIELDS))()
    for name, value in values.items():
        if isinstance(value, Tensor):
            assert value.is_contiguous(), name
            value = value.data_ptr()
        table[FIELDS.index(name)] = value
    return table
