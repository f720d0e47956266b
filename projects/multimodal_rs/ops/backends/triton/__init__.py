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

from multimodal_rs.ops.backend import KernelBackend

# The kernels were interpreted and compiled with triton 3.3, which torch 2.7
# brings, and 3.9. The interpreter of 3.0 gives wrong results.
OLDEST = (3, 3)
OLDEST_CAPABILITY = (7, 0)


class Triton(KernelBackend):
    """Kernels for CUDA devices, compiled by Triton."""

    devices = ('cuda',)

    def device(self) -> str:
        """Return the type of the device that it runs on."""
        return 'cpu' if interpreted() else 'cuda'

    def unavailable(self) -> str | None:
        """Say why this machine cannot run it; None if it can."""
        return _reason_against_triton()

    def unsuitable(self, tensors: Sequence[Tensor]) -> str | None:
        """Say why it cannot take these tensors; None if it can."""
        reason = super().unsuitable(tensors)
        if reason is None and not interpreted() and torch.version.hip is None:
            capability = torch.cuda.get_device_capability(tensors[0].device)
            if capability < OLDEST_CAPABILITY:
                return f'triton does not compile for capability {capability}'
        return reason


def interpreted() -> bool:
    """Whether Triton's interpreter is on, which takes tensors on the CPU."""
    return os.environ.get('TRITON_INTERPRET', '0') == '1'


@cache
def _reason_against_triton() -> str | None:
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


BACKEND = Triton()
