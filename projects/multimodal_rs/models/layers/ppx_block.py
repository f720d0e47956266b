"""The light branch of CMNeXt for all modalities but the main one."""

from collections.abc import Mapping

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.stochastic_depth import StochasticDepth

POOLS = (3, 7, 11)


class ChannelFirstNorm(nn.LayerNorm):
    """Layer norm over the channels of a map (B, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise every pixel."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class PoolAttention(nn.Module):
    """Weigh a map by its surroundings, of several sizes.

    Args:
        channels: Channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, 7, padding=3, groups=channels
        )
        self.point = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same size."""
        near = self.depthwise(x)
        around = near + sum(
            functional.avg_pool2d(
                near, pool, 1, pool // 2, count_include_pad=False
            )
            for pool in POOLS
        )
        return x + x * self.point(around).sigmoid()


class PPXBlock(BaseModule):
    """A block of CMNeXt's light branch.

    Zhang et al., "Delivering Arbitrary-Modal Semantic Segmentation", CVPR
    2023: the parallel pooling mixer.

        x <- x + g1 attention(BN x)
        x <- c x + g2 MLP(BN x)

    g1 and g2 scale the channels; c, from their global means, multiplies what
    the block started from.

    Args:
        channels (int): Channels C.
        mlp_ratio (int): Width of the MLP over C.
        drop_path_rate (float): Of stochastic depth.
        norm_cfg (dict, optional): None: batch norm.
    """

    def __init__(
        self,
        channels: int,
        mlp_ratio: int,
        drop_path_rate: float = 0.0,
        norm_cfg: Mapping | None = None,
    ) -> None:
        super().__init__()
        norm_cfg = dict(norm_cfg or dict(type='BN'))
        hidden = mlp_ratio * channels
        self.norm1 = build_norm_layer(norm_cfg, channels)[1]
        self.attention = PoolAttention(channels)
        self.norm2 = build_norm_layer(norm_cfg, channels)[1]
        self.mlp = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden),
            nn.GELU(),
            nn.Conv2d(hidden, channels, 1),
        )
        self.scale1 = nn.Parameter(torch.full((channels,), 0.01))
        self.scale2 = nn.Parameter(torch.full((channels,), 0.01))
        self.mix_channels = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.add = StochasticDepth(drop_path_rate)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same size."""
        scale1, scale2 = (
            scale[:, None, None] for scale in (self.scale1, self.scale2)
        )
        x = self.add(x, scale1 * self.attention(self.norm1(x)))
        means = x.mean(dim=(2, 3))[:, None]  # (B, 1, C)
        weights = self.mix_channels(means)[:, 0, :, None, None].sigmoid()
        return self.add(weights * x, scale2 * self.mlp(self.norm2(x)))
