"""Multimodal dual attention fusion module of JoiTriNet."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn


class ChannelAttention(nn.Module):
    """Weigh channels by their global average and maximum (CBAM).

    Args:
        channels: Channels C.
        reduction: Width of the bottleneck is C / reduction.
    """

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        hidden = channels // reduction
        if hidden == 0:
            raise ValueError(
                f'ChannelAttention: {channels} channels over reduction '
                f'{reduction} leave none: lower `reduction`'
            )
        self.squeeze = nn.Conv2d(channels, hidden, 1, bias=False)
        self.excite = nn.Conv2d(hidden, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> weights (B, C, 1, 1) in (0, 1)."""
        average = x.mean(dim=(2, 3), keepdim=True)
        maximum = x.amax(dim=(2, 3), keepdim=True)
        logits = (
            self.excite(self.squeeze(pooled).relu())
            for pooled in (average, maximum)
        )
        return sum(logits).sigmoid()


class SpatialAttention(nn.Module):
    """Weigh pixels by the mean and maximum over channels (CBAM).

    Args:
        kernel_size: Of the convolution over the two maps.
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            2, 1, kernel_size, padding=kernel_size // 2, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> weights (B, 1, H, W) in (0, 1)."""
        mean = x.mean(dim=1, keepdim=True)
        maximum = x.amax(dim=1, keepdim=True)
        return self.conv(torch.cat([mean, maximum], dim=1)).sigmoid()


class MDAFM(BaseModule):
    """Fuse one map per modality by channel and spatial attention.

    Channel attention with own weights per modality; concatenation; 1x1
    convolution, batch norm, ReLU; spatial attention. JoiTriNet's module
    (JSTARS 2024), generalised from two to any number of modalities by
    concatenating all of them.

    Note:
        The paper says "Conv-BN-ReLU" and "MLP" only; kernel size 1, reduction
        16 and the missing biases follow the authors' numbers.

    Args:
        modalities (Sequence[str]): Names, in the order of concatenation.
        channels (int): Channels C of every map.
        spatial_attention (bool): Off: rows "channel only" of Table VII.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: int,
        spatial_attention: bool = True,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.channel_attention = nn.ModuleDict(
            {m: ChannelAttention(channels) for m in modalities}
        )
        self.conv = nn.Conv2d(
            len(self.channel_attention) * channels, channels, 1, bias=False
        )
        self.norm = nn.BatchNorm2d(channels)
        self.spatial_attention = (
            SpatialAttention() if spatial_attention else None
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity='relu')

    def forward(self, maps: Mapping[str, Tensor]) -> Tensor:
        """Fuse one level.

        Args:
            maps: (B, C, H, W) for every modality.

        Returns:
            (B, C, H, W).
        """
        weighted = [
            maps[m] * attention(maps[m])
            for m, attention in self.channel_attention.items()
        ]
        fused = self.norm(self.conv(torch.cat(weighted, dim=1))).relu()
        if self.spatial_attention is not None:
            fused = fused * self.spatial_attention(fused)
        return fused
