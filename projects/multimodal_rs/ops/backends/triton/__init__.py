"""CUDA backend: kernels written in Triton, which torch's CUDA wheels bring.

A program scans a tile of channels of one sequence and keeps its states in
registers. It finds the pixel of each step from the route, so the maps are
never copied into sequences; it sums the gradients of B and C over its channels
before they leave the registers. When there are too few programs to fill the
card, the sequences are cut into segments that run side by side.

float32 inside; 16-bit arguments are read as they are. Sums over routes and
over tiles of channels use atomic additions, whose order is not fixed, unless
``torch.use_deterministic_algorithms`` is on.

With ``TRITON_INTERPRET=1`` in the environment before triton is imported, the
kernels run on the CPU, step by step in numpy: for tests.
"""

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module

import torch
from torch import Tensor

# The kernels were interpreted and compiled with triton 3.3, which torch 2.7
# brings, and 3.9. The interpreter of 3.0 gives wrong results.
OLDEST = (3, 3)
OLDEST_CAPABILITY = (7, 0)


@cache
def unavailable() -> str | None:
    """Say why it cannot run on this machine."""
    try:
        triton = import_module('triton')
    except (ImportError, OSError, RuntimeError) as error:
        return f'triton cannot be imported ({error}): pip install triton'
    if tuple(int(n) for n in triton.__version__.split('.')[:2]) < OLDEST:
        oldest = '.'.join(str(n) for n in OLDEST)
        return (
            f'triton {triton.__version__} is too old: install torch 2.7 or '
            f'later, which brings triton {oldest} or later'
        )
    if not interpreted() and not torch.cuda.is_available():
        return 'it needs a CUDA device, torch sees none'
    return None


def unsuitable(tensors: Sequence[Tensor]) -> str | None:
    """Say why it cannot take these tensors."""
    device = 'cpu' if interpreted() else 'cuda'
    for tensor in tensors:
        if tensor.device.type != device:
            return f'it runs on {device}, a tensor is on {tensor.device}'
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            return f'it computes in float32, a tensor is {tensor.dtype}'
    if device == 'cuda' and torch.version.hip is None:
        capability = torch.cuda.get_device_capability(tensors[0].device)
        if capability < OLDEST_CAPABILITY:
            return f'triton does not compile for capability {capability}'
    return None


def interpreted() -> bool:
    """Whether Triton's interpreter is on, which takes tensors on the CPU."""
    return os.environ.get('TRITON_INTERPRET', '0') == '1'


def selective_scan_forward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').forward(*arguments)


def selective_scan_backward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').backward(*arguments)


def selective_scan_saved(u: Tensor, A: Tensor, B: Tensor) -> int:
    """See :mod:`multimodal_rs.ops.operators`."""
    return _module('host_1d').saved(u, A)


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
    return import_module(f'multimodal_rs.ops.backends.triton.{name}')
