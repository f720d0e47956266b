"""Adapter to ``selective_scan_cuda``, the CUDA extension of mamba-ssm.

The extension is called directly: importing the package ``mamba_ssm`` pulls in
language models. Its contract, read in its C++ source (2.3.2, Apache-2.0):

- u, delta, B, C of one type, float32, float16 or bfloat16; A, D, delta_bias
  float32; the last stride of each is 1; N <= 256.
- ``fwd(u, delta, A, B, C, D, z, delta_bias, delta_softplus) -> out, x, ...``:
  out has the type of u and the strides of delta; x, the states every 2048
  steps, is (B, G * D, ceil(L / 2048), 2 N).
- ``bwd(u, delta, A, B, C, D, z, delta_bias, dout, x, out, dz, delta_softplus,
  recompute_out_z) -> du, ddelta, dA, dB, dC, dD, ddelta_bias, ...``: dout has
  the type of u. Gradients of B and C are added up by atomic operations, so
  that their last digits differ from run to run.

Note:
    A 16-bit result overflows when directions are added up, so 16-bit
    arguments are converted to float32 first. Arguments and results were
    tested with a stand-in that checks this contract; the extension itself
    has not been run.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import torch
from torch import Tensor

from multimodal_rs.ops.composed import ss2d_backward_by, ss2d_forward_by

EXTENSION = 'selective_scan_cuda'
REMEDY = (
    'MAMBA_KEEP_CUDA_BUILD=TRUE pip install --no-build-isolation mamba-ssm'
)
STEPS_PER_STATE = 2048


@cache
def unavailable() -> str | None:
    """Say why it cannot run on this machine."""
    return reason_against(EXTENSION, REMEDY, package='mamba_ssm')


def unsuitable(tensors: Sequence[Tensor]) -> str | None:
    """Say why it cannot take these tensors."""
    for tensor in tensors:
        if tensor.device.type != 'cuda':
            return f'it runs on CUDA, a tensor is on {tensor.device}'
        if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
            return f'it computes in float32, a tensor is {tensor.dtype}'
    return None


def selective_scan_saved(u: Tensor, A: Tensor, B: Tensor) -> int:
    """See :mod:`multimodal_rs.ops.operators`."""
    batch, channels, length = u.shape
    return batch * channels * -(-length // STEPS_PER_STATE) * 2 * A.shape[1]


def selective_scan_forward(u, delta, A, B, C, D, delta_bias, softplus, keep):
    """See :mod:`multimodal_rs.ops.operators`."""
    u, delta, B, C = dense((u, delta, B, C), torch.float32)
    A, D, delta_bias = dense((A, D, delta_bias), torch.float32)
    out, x, *_ = import_module(EXTENSION).fwd(
        u, delta, A, B, C, D, None, delta_bias, softplus
    )
    return out, x.flatten() if keep else x.new_empty(0)


def selective_scan_backward(
    dy, saved, u, delta, A, B, C, D, delta_bias, softplus
):
    """See :mod:`multimodal_rs.ops.operators`."""
    dy, u, delta, B, C = dense((dy, u, delta, B, C), torch.float32)
    A, D, delta_bias = dense((A, D, delta_bias), torch.float32)
    x = saved.view(*u.shape[:2], -1, 2 * A.shape[1])
    gradients = import_module(EXTENSION).bwd(
        *(u, delta, A, B, C, D, None, delta_bias),
        *(dy, x, None, None, softplus, False),
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


def ss2d_saved(x, dt_proj_weight, A):
    """See :mod:`multimodal_rs.ops.operators`."""
    return 0


def reason_against(
    extension: str, remedy: str, package: str | None = None
) -> str | None:
    """Say why a CUDA extension cannot be used, None if it can.

    Args:
        extension: Import name of a compiled module.
        remedy: Command that installs it.
        package: Import name of the package that may come without it.
    """
    if find_spec(extension) is None:
        if package is not None and find_spec(package) is not None:
            return f'{package} is installed without {extension}: {remedy}'
        return f'the module {extension} is not installed: {remedy}'
    if not torch.cuda.is_available():
        return f'{extension} is installed, but there is no CUDA device'
    try:
        import_module(extension)
    except (ImportError, OSError) as error:
        # Built for another torch: its symbols are not there.
        return f'{extension} does not load ({error}): rebuild it, {remedy}'
    return None


def dense(
    tensors: Sequence[Tensor | None], dtype: torch.dtype
) -> list[Tensor | None]:
    """Convert to one type and to a last stride of 1."""
    return [None if x is None else x.to(dtype).contiguous() for x in tensors]


def only_of(
    gradients: Sequence[Tensor | None], inputs: Sequence[Tensor | None]
) -> list[Tensor | None]:
    """Drop what an extension returns for absent inputs, and the rest."""
    return [
        None if x is None else g
        for g, x in zip(gradients[: len(inputs)], inputs, strict=True)
    ]
