"""Fusion by plain addition."""

from collections.abc import Mapping

from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class SumFusionNeck(LevelFusionNeck):
    """Add the modalities' maps level by level.

    The rows without MDAFM in Table V of the JoiTriNet paper.
    """

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        return sum(maps.values())
