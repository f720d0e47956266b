"""Compiled CPU backend: kernels written by LLVM while the program runs.

``llvmlite``, a wheel with LLVM inside, replaces a compiler on the user's
machine. Compared with numba, which sits on top of it, explicit vectors reach
the speed of hand-written intrinsics, a kernel compiles in a fraction of a
second (so nothing is cached on disk), threads are plain ones (so that forked
DataLoader workers are safe), and importing it costs milliseconds.

float32 inside; 16-bit arguments are converted. Gradients do not depend on the
scheduling of the threads, only on their number.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module

import torch
from torch import Tensor


@cache
def unavailable() -> str | None:
    """Say why it cannot run on this machine."""
    try:
        jit = _module('jit')
        jit.compile_kernel('nothing', lambda e: None)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        reason = str(error).strip().split('\n')[0]
        return (
            f"llvmlite does not work ({reason}): pip install 'llvmlite>=0.46'"
        )
    return None


def unsuitable(tensors: Sequence[Tensor]) -> str | None:
    """Say why it cannot take these tensors."""
    for tensor in tensors:
        if tensor.device.type != 'cpu':
            return f'it runs on the CPU, a tensor is on {tensor.device}'
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            return f'it computes in float32, a tensor is {tensor.dtype}'
    return None


def selective_scan_forward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').forward(*arguments)


def selective_scan_backward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').backward(*arguments)


def selective_scan_saved(u: Tensor, A: Tensor, B: Tensor) -> int:
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').saved(u, A, B)


def ss2d_forward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_2d').forward(*arguments)


def ss2d_backward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_2d').backward(*arguments)


def ss2d_saved(x: Tensor, dt_proj_weight: Tensor, A: Tensor) -> int:
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_2d').saved(x, dt_proj_weight, A)


def _module(name: str):
    return import_module(f'multimodal_rs.ops.backends.llvm.{name}')
