"""Depthwise convolution over the past: the short convolution of Mamba."""

from importlib import import_module

import torch
from torch import Tensor
from torch.nn import functional

from multimodal_rs.ops.cuda_extension import reason_against

REMEDY = 'pip install --no-build-isolation causal-conv1d'
KERNEL_SIZES = (2, 3, 4)  # that the CUDA kernel is compiled for


def causal_conv1d(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, silu: bool = False
) -> Tensor:
    """Convolve every channel with its own kernel, looking back only.

        y_t = sum_k weight_k x_{t - W + 1 + k} + bias,   x_t = 0 for t < 0

    followed by SiLU if wanted. CUDA tensors take the kernel of the package
    causal-conv1d if it is installed, all others torch.

    Args:
        x: (B, C, L).
        weight: (C, W).
        bias: (C,) or None.
        silu: Whether SiLU is applied.

    Returns:
        (B, C, L).

    Raises:
        ValueError: If shapes do not fit.
    """
    if x.dim() != 3 or weight.shape[:-1] != x.shape[1:2]:
        raise ValueError(
            'causal_conv1d: x must be (B, C, L) and weight (C, W), got '
            f'{tuple(x.shape)} and {tuple(weight.shape)}'
        )
    if _kernel_takes(x, weight):
        function = import_module('causal_conv1d').causal_conv1d_fn
        # Its other layout, channels last, wants a multiple of 8 channels.
        x = x.contiguous()
        return function(x, weight, bias, activation='silu' if silu else None)
    channels, width = weight.shape
    past = functional.pad(x, (width - 1, 0))
    y = functional.conv1d(past, weight[:, None], bias, groups=channels)
    return functional.silu(y) if silu else y


def unavailable() -> str | None:
    """Say why the CUDA kernel cannot run on this machine."""
    return reason_against(
        'causal_conv1d_cuda', REMEDY, package='causal_conv1d'
    )


def _kernel_takes(x: Tensor, weight: Tensor) -> bool:
    return (
        x.device.type == 'cuda'
        and x.dtype in (torch.float32, torch.float16, torch.bfloat16)
        and weight.shape[1] in KERNEL_SIZES
        and unavailable() is None
    )
