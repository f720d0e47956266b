"""Fusion by concatenation and a small network per level."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import ModuleList
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class ConcatMLPNeck(LevelFusionNeck):
    """Concatenate the modalities and apply two linear layers at each position.

    The fusion in DF2RQ's public code, and the only one: its
    ``MultimodalQueryFusion`` computes the same. On each level

        F = ReLU(W2 ReLU(W1 [X_1; ...; X_M]))

    with weights of its own, M C channels to C. The fused map is not negative.
    A single modality passes unchanged, without parameters.

    Args:
        modalities (Sequence[str]): Names to fuse; their order is that of the
            concatenation.
        in_channels (Sequence[int]): C of each fused level.
        in_index (Sequence[int], optional): Levels to fuse; None: all, one per
            entry of ``in_channels``.
        init_cfg (dict, optional): mmengine initialisation config; None: as
            the authors, Xavier normal.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        in_index: Sequence[int] | None = None,
        init_cfg: Mapping | None = None,
    ) -> None:
        in_index = range(len(in_channels)) if in_index is None else in_index
        super().__init__(
            modalities,
            in_index,
            init_cfg or dict(type='Xavier', layer='Linear'),
        )
        self.check_levels(in_channels=in_channels)
        number = len(self.modalities)
        self.levels = ModuleList(
            _mlp(number * c, c) if number > 1 else nn.Identity()
            for c in in_channels
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        stacked = torch.cat(tuple(maps.values()), dim=1)
        fused = self.levels[position](stacked.movedim(1, -1))
        return fused.movedim(-1, 1).contiguous()


def _mlp(in_channels: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(in_channels, channels),
        nn.ReLU(),
        nn.Linear(channels, channels),
        nn.ReLU(),
    )
