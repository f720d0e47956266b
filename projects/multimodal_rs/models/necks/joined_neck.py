"""Necks that begin with the concatenation of one map per modality."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


class JoinedNeck(LevelFusionNeck):
    """Concatenate the last maps of all modalities, then fuse what is joined.

    Args:
        modalities (Sequence[str]): Names, in the order of concatenation.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self, modalities: Sequence[str], init_cfg: Mapping | None = None
    ) -> None:
        super().__init__(modalities, in_index=(-1,), init_cfg=init_cfg)

    @abstractmethod
    def fuse_joined(self, joined: Tensor) -> Tensor:
        """Fuse the concatenation, (B, sum C_m, H, W)."""

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one map (B, C_m, H, W) of each modality."""
        return self.fuse_joined(torch.cat(tuple(maps.values()), dim=1))
