"""Fusion by MCF-Mamba's cross scan."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from multimodal_rs.models.layers.mcmf import MCMF
from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class MCMFNeck(LevelFusionNeck):
    """One :class:`MCMF` per level.

    Args:
        modalities (Sequence[str]): Names to fuse, in this order.
        channels (Sequence[int]): Channels of each fused level.
        in_index (Sequence[int]): Levels to fuse.
        state_size (int): State size N of the scans.
        ssm_ratio (float): Inner channels of the scans per channel.
        with_cp (bool): Compute levels again in the backward pass to save
            memory.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: Sequence[int],
        in_index: Sequence[int] = (0, 1, 2, 3),
        state_size: int = 16,
        ssm_ratio: float = 2.0,
        with_cp: bool = False,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, in_index, init_cfg)
        self.check_levels(channels=channels)
        self.with_cp = with_cp
        self.levels = nn.ModuleList(
            MCMF(self.modalities, c, state_size, ssm_ratio) for c in channels
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        level = self.levels[position]
        if self.with_cp and torch.is_grad_enabled():
            return checkpoint(level, maps, use_reentrant=False)
        return level(maps)
