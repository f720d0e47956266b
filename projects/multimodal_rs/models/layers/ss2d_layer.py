"""VMamba's layer around the two-dimensional selective scan."""

import math

from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.selective_scan_2d import SelectiveScan2d


def step_rank(channels: int) -> int:
    """Return the rank of the step size's projection, ceil(C / 16)."""
    return math.ceil(channels / 16)


class SS2DLayer(SelectiveScan2d):
    """Project, convolve, scan in four directions, norm, gate, project.

    Liu et al., "VMamba: Visual State Space Model", NeurIPS 2024,
    https://arxiv.org/abs/2401.10166: with the gate the first public version
    (forward type "v0" of the official code), without it the current one
    ("v05_noz"). On x (B, H, W, C):

        (a, z) = in_proj(x);   s = SiLU(depthwise3x3(a))
        y = out_proj(LN(scan(s)) * SiLU(z))

    Parameter names are the official code's (https://github.com/MzeroMiko/
    VMamba, MIT licence), so that its checkpoints load.

    Args:
        channels: Channels C.
        state_size: State size N.
        ssm_ratio: Inner channels D = ssm_ratio * C.
        gate: Whether the result is multiplied by SiLU(z).
        conv_bias: Whether the depthwise convolution has a bias.
    """

    def __init__(
        self,
        channels: int,
        state_size: int = 16,
        ssm_ratio: float = 2.0,
        gate: bool = True,
        conv_bias: bool = True,
    ) -> None:
        inner = int(ssm_ratio * channels)
        super().__init__(inner, step_rank(channels), state_size)
        self.gate = gate
        width = 2 * inner if gate else inner
        self.in_proj = nn.Linear(channels, width, bias=False)
        self.conv2d = nn.Conv2d(
            inner, inner, 3, padding=1, groups=inner, bias=conv_bias
        )
        self.out_norm = nn.LayerNorm(inner)
        self.out_proj = nn.Linear(inner, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H, W, C)."""
        x = self.in_proj(x)
        z = None
        if self.gate:
            x, z = x.chunk(2, dim=-1)
        x = convolve(self.conv2d, x)
        y = self.scan(functional.silu(x))
        y = self.out_norm(y.to(self.out_norm.weight.dtype))
        if z is not None:
            y = y * functional.silu(z)
        return self.out_proj(y.to(self.out_proj.weight.dtype))


def convolve(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    """Apply a convolution to a map with channels last, (B, H, W, C)."""
    return convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
