"""The DeepLabV3+ decoder that JoiTriNet uses in every path."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional


def separable_conv(
    in_channels: int, out_channels: int, dilation: int = 1
) -> nn.Sequential:
    """Make a depthwise 3x3 and a pointwise 1x1, nothing in between."""
    return nn.Sequential(
        nn.Conv2d(
            in_channels,
            in_channels,
            3,
            padding=dilation,
            dilation=dilation,
            groups=in_channels,
            bias=False,
        ),
        nn.Conv2d(in_channels, out_channels, 1, bias=False),
    )


class SeparableASPP(nn.Module):
    """Atrous spatial pyramid pooling with separable convolutions.

    Branches, concatenated in this order: 1x1; one separable 3x3 per rate;
    global average. Then 1x1, batch norm, ReLU and dropout.

    Args:
        in_channels: Channels of the deep map.
        channels: Channels of every branch and of the output.
        rates: Dilations.
        dropout: Probability of dropout (element-wise).
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        rates: Sequence[int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.point = nn.Sequential(
            nn.Conv2d(in_channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.atrous = nn.ModuleList(
            nn.Sequential(
                separable_conv(in_channels, channels, rate),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            )
            for rate in rates
        )
        self.pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(in_channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.project = nn.Sequential(
            nn.Conv2d((len(rates) + 2) * channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C_in, H, W) -> (B, C, H, W)."""
        context = self.pool(x).expand(-1, -1, *x.shape[2:])
        branches = [self.point(x), *(a(x) for a in self.atrous), context]
        return self.project(torch.cat(branches, dim=1))


@MODELS.register_module()
class DeepLabV3PlusDecoder(BaseModule):
    """Decode a deep and a shallow map into one map at the shallow stride.

    Chen et al., "Encoder-Decoder with Atrous Separable Convolution for
    Semantic Image Segmentation", ECCV 2018, https://arxiv.org/abs/1802.02611,
    in the form of segmentation_models_pytorch that JoiTriNet's authors use.
    It differs from mmseg's ``DepthwiseSeparableASPPHead``: no norm between
    depthwise and pointwise convolution, pooled branch last, 1x1 bottleneck,
    one more separable convolution after the ASPP and one less at the end,
    ``align_corners=True``.

    Usable as a neck of a branch: pyramid in, tuple of one map out.

    Note:
        Training needs at least two images per batch: the pooled branch
        normalises one value per image and channel.

    Args:
        in_channels (Sequence[int]): Channels of the shallow (stride 4) and of
            the deep (stride 16) map.
        in_index (Sequence[int]): Their positions in the pyramid.
        channels (int): Channels of the output.
        shortcut_channels (int): Channels that the shallow map is reduced to.
        rates (Sequence[int]): Dilations of the ASPP.
        dropout (float): Dropout at the end of the ASPP.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int] = (0, 3),
        channels: int = 256,
        shortcut_channels: int = 48,
        rates: Sequence[int] = (12, 24, 36),
        dropout: float = 0.5,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        shallow, deep = in_channels
        self.in_index = tuple(in_index)
        self.aspp = nn.Sequential(
            SeparableASPP(deep, channels, rates, dropout),
            separable_conv(channels, channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )
        self.shortcut = nn.Sequential(
            nn.Conv2d(shallow, shortcut_channels, 1, bias=False),
            nn.BatchNorm2d(shortcut_channels),
            nn.ReLU(),
        )
        self.fuse = nn.Sequential(
            separable_conv(channels + shortcut_channels, channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def forward(self, pyramid: Sequence[Tensor]) -> tuple[Tensor]:
        """Decode a pyramid.

        Args:
            pyramid: Maps of an encoder; level ``in_index[0]`` has shape
                (B, C_shallow, H, W), level ``in_index[1]``
                (B, C_deep, h, w).

        Returns:
            One map (B, channels, H, W).
        """
        shallow, deep = (pyramid[i] for i in self.in_index)
        deep = functional.interpolate(
            self.aspp(deep),
            size=shallow.shape[2:],
            mode='bilinear',
            align_corners=True,
        )
        joined = torch.cat([deep, self.shortcut(shallow)], dim=1)
        return (self.fuse(joined),)
