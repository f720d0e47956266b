"""MBFNet's fusion: selected channels of two streams, multiplied in pairs."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.second_order_selection import (
    SecondOrderSelection,
    signed_root,
)
from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class BilinearFusionNeck(LevelFusionNeck):
    """Select channels of both modalities and fuse them by bilinear pooling.

    Li et al., JSTARS 2020 (see :class:`SecondOrderSelection`), for patches.

    Note:
        The dense form is ours: the outer product of the two selected vectors
        at every cell, signed square root, L2 norm over its k^2 channels, and
        a 1x1 convolution with norm and ReLU. It runs in float32 under mixed
        precision, because the products are small and the derivative of the
        root is large.

    Args:
        modalities (Sequence[str]): Two names.
        in_channels (int): Channels of each stream's last map.
        selected (int): k, channels that are kept of each.
        select (str): How, see :class:`SecondOrderSelection`.
        channels (int): Of the fused map.
        init_cfg (dict, optional): mmengine initialisation config; None: He
            for convolutions.

    Raises:
        ValueError: If there are not two modalities.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: int = 256,
        selected: int = 64,
        select: str = 'topk',
        channels: int = 256,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            modalities,
            in_index=(-1,),
            init_cfg=init_cfg or dict(type='Kaiming', layer='Conv2d'),
        )
        if len(self.modalities) != 2:
            raise ValueError(
                'BilinearFusionNeck multiplies the channels of two '
                f'modalities, got {list(self.modalities)}'
            )
        self.attention = nn.ModuleDict(
            {
                m: SecondOrderSelection(in_channels, selected, select=select)
                for m in self.modalities
            }
        )
        self.conv = nn.Sequential(
            nn.Conv2d(selected**2, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse (B, C, H, W) of both into (B, channels, H, W)."""
        kind = next(iter(maps.values())).device.type
        with torch.autocast(kind, enabled=False):
            first, second = (
                self.attention[m](maps[m].float()) for m in self.modalities
            )
            return self.conv(bilinear(first, second))


def bilinear(first: Tensor, second: Tensor) -> Tensor:
    """Multiply the channels of two maps in pairs, and normalise.

    Args:
        first: (B, k, H, W).
        second: (B, l, H, W).

    Returns:
        (B, k l, H, W), of length one at every cell. Channel i l + j comes
        from channels i and j.
    """
    outer = first.unsqueeze(2) * second.unsqueeze(1)
    return functional.normalize(signed_root(outer.flatten(1, 2)), dim=1)
