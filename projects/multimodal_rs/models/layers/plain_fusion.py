"""Simple fusions of two maps, to compare REF-Net's with."""

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class SumFusion(BaseModule):
    """The sum of two maps (ablation).

    Args:
        channels (int): Channels of the maps; the sum has no parameters.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, None]:
        """Fuse two maps, (B, C, H, W) each; there is no difference."""
        return a + b, None

    def compare(self, a: Tensor, b: Tensor) -> None:
        """There is no difference."""


@MODELS.register_module()
class ConcatFusion(BaseModule):
    """A 1x1 convolution of the concatenation of two maps (ablation).

    Args:
        channels (int): Channels C of all maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2 * channels, channels, 1, bias=False)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, None]:
        """Fuse two maps, (B, C, H, W) each; there is no difference."""
        return self.conv(torch.cat([a, b], dim=1)), None

    def compare(self, a: Tensor, b: Tensor) -> None:
        """There is no difference."""
