"""Cross-modal feature fusion of CMX."""

from collections.abc import Mapping

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.models.utils import nchw_to_nlc, nlc_to_nchw
from torch import Tensor, nn


class TokenExchange(nn.Module):
    """One side of the cross attention: its projections and its norm.

    Args:
        channels: Channels C.
        num_heads: Heads h of the attention.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.split = nn.Linear(channels, 2 * channels)
        self.key_value = nn.Linear(channels, 2 * channels, bias=False)
        self.join = nn.Linear(2 * channels, channels)
        self.norm = nn.LayerNorm(channels)

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, C) -> what is kept and what is exchanged, (B, N, C) each."""
        return self.split(tokens).relu().chunk(2, dim=-1)

    def context(self, exchanged: Tensor) -> Tensor:
        """(B, N, C) -> (B, h, C / h, C / h), which the other side reads.

        In float32 under mixed precision: it is a sum over all pixels, which
        float16 cannot hold for large images.
        """
        key, value = self.key_value(exchanged).chunk(2, dim=-1)
        with torch.autocast(exchanged.device.type, enabled=False):
            key, value = self._heads(key.float()), self._heads(value.float())
            scale = key.shape[-1] ** -0.5
            context = (key.transpose(-2, -1) @ value * scale).softmax(dim=-2)
        return context.to(exchanged)

    def forward(
        self, tokens: Tensor, kept: Tensor, exchanged: Tensor, context: Tensor
    ) -> Tensor:
        """Read the context of the other side.

        Args:
            tokens: (B, N, C), added to the result.
            kept: (B, N, C).
            exchanged: (B, N, C).
            context: (B, h, C / h, C / h) of the other side.

        Returns:
            (B, N, C), normalised.
        """
        read = self._heads(exchanged) @ context
        read = read.transpose(1, 2).flatten(2)
        return self.norm(tokens + self.join(torch.cat([kept, read], dim=-1)))

    def _heads(self, x: Tensor) -> Tensor:
        """(B, N, C) -> (B, h, N, C / h)."""
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)


class FeatureFusion(BaseModule):
    """Fuse two maps by cross attention over their channels.

    Zhang et al., "CMX: Cross-Modal Fusion for RGB-X Semantic Segmentation
    With Transformers", IEEE T-ITS 2023: the FFM. The attention has no softmax
    over positions, so its cost grows linearly with the pixels. Then a
    residual of 1x1 and depthwise convolutions mixes both maps.

    Args:
        channels (int): Channels C of each map.
        num_heads (int): Heads of the attention.
        norm_cfg (dict, optional): Of the convolutions; None: batch norm.
    """

    def __init__(
        self, channels: int, num_heads: int, norm_cfg: Mapping | None = None
    ) -> None:
        super().__init__()
        norm_cfg = dict(norm_cfg or dict(type='BN'))
        self.sides = nn.ModuleList(
            TokenExchange(channels, num_heads) for _ in range(2)
        )
        self.residual = nn.Conv2d(2 * channels, channels, 1, bias=False)
        self.mix = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 1),
            build_norm_layer(norm_cfg, channels)[1],
        )
        self.norm = build_norm_layer(norm_cfg, channels)[1]

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Fuse two maps (B, C, H, W) into one."""
        size = first.shape[-2:]
        tokens = [nchw_to_nlc(x) for x in (first, second)]
        halves = [
            side.project(x) for side, x in zip(self.sides, tokens, strict=True)
        ]
        contexts = [
            side.context(exchanged)
            for side, (_, exchanged) in zip(self.sides, halves, strict=True)
        ]
        mixed = [
            side(x, *half, context)
            for side, x, half, context in zip(
                self.sides, tokens, halves, reversed(contexts), strict=True
            )
        ]
        both = nlc_to_nchw(torch.cat(mixed, dim=-1), size)
        return self.norm(self.residual(both) + self.mix(both))
