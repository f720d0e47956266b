"""Patch embedding and downsampling: how VMamba makes its maps smaller.

All maps have their channels last, (B, H, W, C). Heights and widths are
rounded up. Parameter names are those of the official code.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Permute(nn.Module):
    """Reorder dimensions.

    Args:
        dims: Of the output, as for ``torch.permute``.
    """

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        """Return a view."""
        return x.permute(self.dims)


def channels_last() -> Permute:
    """(B, C, H, W) -> (B, H, W, C)."""
    return Permute(0, 2, 3, 1)


def channels_first() -> Permute:
    """(B, H, W, C) -> (B, C, H, W)."""
    return Permute(0, 3, 1, 2)


class PatchEmbedding(nn.Sequential):
    """One 4x4 convolution with stride 4, then norm (official "v1").

    Args:
        in_channels: Bands of the image.
        channels: Channels C of the map.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, channels, kernel_size=4, stride=4),
            channels_last(),
            nn.LayerNorm(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, bands, H, W) -> (B, H / 4, W / 4, C).

        Note:
            The official code drops up to three rows and columns; here the
            image is padded with 0 at the bottom and right.
        """
        height, width = x.shape[2:]
        return super().forward(
            functional.pad(x, (0, -width % 4, 0, -height % 4))
        )


class OverlappingEmbedding(nn.Sequential):
    """Two 3x3 convolutions with stride 2 (official "v2").

    Args:
        in_channels: Bands of the image.
        channels: Channels C of the map.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        half = channels // 2
        super().__init__(
            nn.Conv2d(in_channels, half, 3, stride=2, padding=1),
            channels_last(),
            nn.LayerNorm(half),
            channels_first(),
            nn.GELU(),
            nn.Conv2d(half, channels, 3, stride=2, padding=1),
            channels_last(),
            nn.LayerNorm(channels),
        )


class PatchMerging(nn.Module):
    """Join 2x2 pixels, norm, linear layer (official "v1", Swin's).

    Args:
        in_channels: Channels C.
        channels: Channels of the result.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * in_channels)
        self.reduction = nn.Linear(4 * in_channels, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, H / 2, W / 2, channels)."""
        height, width = x.shape[1:3]
        x = functional.pad(x, (0, 0, 0, width % 2, 0, height % 2))
        corners = [
            x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)
        ]
        return self.reduction(self.norm(torch.cat(corners, dim=-1)))


class OverlappingMerging(nn.Sequential):
    """One 3x3 convolution with stride 2, then norm (official "v3").

    Args:
        in_channels: Channels C.
        channels: Channels of the result.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__(
            channels_first(),
            nn.Conv2d(in_channels, channels, 3, stride=2, padding=1),
            channels_last(),
            nn.LayerNorm(channels),
        )
