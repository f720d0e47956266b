"""Fusion by concatenation."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class ConcatFusionNeck(LevelFusionNeck):
    """Concatenate the modalities' maps, then mix them by a 1x1 convolution.

    The convolution has a norm and ReLU behind it and leads back to the
    channels of one modality.

    Args:
        modalities (Sequence[str]): Names to fuse, in this order.
        in_channels (Sequence[int]): C of each fused level.
        in_index (Sequence[int]): Levels to fuse.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        in_index: Sequence[int],
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            modalities,
            in_index,
            init_cfg or dict(type='Kaiming', layer='Conv2d'),
        )
        self.check_levels(in_channels=in_channels)
        number = len(self.modalities)
        self.levels = ModuleList(_mix(number * c, c) for c in in_channels)

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        return self.levels[position](torch.cat(tuple(maps.values()), dim=1))


def _mix(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )
