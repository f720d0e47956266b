"""VMamba's residual block."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from multimodal_rs.models.layers.ss2d_layer import SS2DLayer
from multimodal_rs.models.layers.stochastic_depth import StochasticDepth

# On CPUs, an MLP works on so many positions at a time: what lies between its
# layers, and its gradient, then stay in the cache.
POSITIONS = 4096


class MLP(nn.Module):
    """Two linear layers with GELU in between.

    Args:
        channels: Channels C of input and output.
        hidden: Channels in between.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., C)."""
        if x.device.type != 'cpu':
            return self._forward(x)
        pieces = x.flatten(0, -2).split(POSITIONS)
        return torch.cat([self._forward(p) for p in pieces]).view(x.shape)

    def _forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class VSSBlock(nn.Module):
    """x + SS2D(LN(x)), then x + MLP(LN(x)), each with stochastic depth.

    Liu et al., "VMamba: Visual State Space Model", NeurIPS 2024,
    https://arxiv.org/abs/2401.10166; parameter names of the official code.

    Args:
        channels: Channels C.
        state_size: State size N of the scan.
        ssm_ratio: Inner channels of the scan are ssm_ratio * C.
        gate: Whether the scan's result is gated.
        conv_bias: Whether the depthwise convolution has a bias.
        mlp_ratio: Hidden channels of the MLP are mlp_ratio * C; 0: no MLP.
        drop_path: Probability that a sample skips a branch, in training.
        with_cp: Keep only the input and compute the block again in the
            backward pass: less memory, about a third more time.
    """

    def __init__(
        self,
        channels: int,
        state_size: int = 16,
        ssm_ratio: float = 2.0,
        gate: bool = True,
        conv_bias: bool = True,
        mlp_ratio: float = 0.0,
        drop_path: float = 0.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.with_cp = with_cp
        self.norm = nn.LayerNorm(channels)
        self.op = SS2DLayer(channels, state_size, ssm_ratio, gate, conv_bias)
        self.drop_path = StochasticDepth(drop_path)
        self.mlp = None
        if mlp_ratio > 0:
            self.norm2 = nn.LayerNorm(channels)
            self.mlp = MLP(channels, int(mlp_ratio * channels))

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H, W, C)."""
        if self.with_cp and torch.is_grad_enabled():
            return checkpoint(self._forward, x, use_reentrant=False)
        return self._forward(x)

    def _forward(self, x: Tensor) -> Tensor:
        x = self.drop_path(x, self.op(self.norm(x)))
        if self.mlp is not None:
            x = self.drop_path(x, self.mlp(self.norm2(x)))
        return x
