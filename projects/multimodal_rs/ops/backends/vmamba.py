"""Adapter to ``selective_scan_cuda_oflex``, VMamba's CUDA extension.

As :mod:`multimodal_rs.ops.backends.mamba_ssm`, with two differences, read in
its C++ source (MIT): there is no gate z, and with ``out_float`` the result is
float32 whatever the type of u, so 16-bit arguments stay as they are.

- ``fwd(u, delta, A, B, C, D, delta_bias, delta_softplus, nrows, out_float)
  -> out, x``
- ``bwd(u, delta, A, B, C, D, delta_bias, dout, x, delta_softplus, nrows) ->
  du, ddelta, dA, dB, dC, dD, ddelta_bias``; dout may be float32 then.

Note:
    Arguments and results were tested with a stand-in that checks this
    contract; the extension itself has not been run. Its backward kernel does
    not compile with CUDA 13 as it stands.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module

import torch
from torch import Tensor

from multimodal_rs.ops.backends.mamba_ssm import (
    dense,
    only_of,
    reason_against,
    selective_scan_saved,
    ss2d_saved,
    unsuitable,
)
from multimodal_rs.ops.composed import ss2d_backward_by, ss2d_forward_by

__all__ = [
    'selective_scan_backward',
    'selective_scan_forward',
    'selective_scan_saved',
    'ss2d_backward',
    'ss2d_forward',
    'ss2d_saved',
    'unavailable',
    'unsuitable',
]

EXTENSION = 'selective_scan_cuda_oflex'
REMEDY = (
    'pip install --no-build-isolation ./kernels/selective_scan in a clone of '
    'the VMamba repository'
)
ROWS = 1  # more were slower in the authors' own measurements


@cache
def unavailable() -> str | None:
    """Say why it cannot run on this machine."""
    return reason_against(EXTENSION, REMEDY)


def selective_scan_forward(u, delta, A, B, C, D, delta_bias, softplus, keep):
    """See :mod:`multimodal_rs.ops.operators`."""
    u, delta, B, C = dense((u, delta, B, C), _common((u, delta, B, C)))
    A, D, delta_bias = dense((A, D, delta_bias), torch.float32)
    out, x, *_ = import_module(EXTENSION).fwd(
        u, delta, A, B, C, D, delta_bias, softplus, ROWS, True
    )
    return out, x.flatten() if keep else x.new_empty(0)


def selective_scan_backward(
    dy, saved, u, delta, A, B, C, D, delta_bias, softplus
):
    """See :mod:`multimodal_rs.ops.operators`."""
    u, delta, B, C = dense((u, delta, B, C), _common((u, delta, B, C)))
    dy, A, D, delta_bias = dense((dy, A, D, delta_bias), torch.float32)
    x = saved.view(*u.shape[:2], -1, 2 * A.shape[1])
    gradients = import_module(EXTENSION).bwd(
        u, delta, A, B, C, D, delta_bias, dy, x, softplus, ROWS
    )
    return only_of(gradients, (u, delta, A, B, C, D, delta_bias))


def ss2d_forward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return ss2d_forward_by(selective_scan_forward, *arguments)


def ss2d_backward(*arguments):
    """See :mod:`multimodal_rs.ops.operators`."""
    return ss2d_backward_by(
        selective_scan_forward, selective_scan_backward, *arguments
    )


def _common(tensors: Sequence[Tensor]) -> torch.dtype:
    """Return the type that all have, or else float32."""
    dtypes = {x.dtype for x in tensors}
    return dtypes.pop() if len(dtypes) == 1 else torch.float32
