"""Fusion of windows without interaction."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class MeanConcatNeck(LevelFusionNeck):
    """Average every modality's last map over the window, then concatenate.

    Maps may have different sizes and channels. The plainest fusion of
    encoders of windows, for comparison.

    Args:
        modalities (Sequence[str]): Names, in the order of concatenation.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self, modalities: Sequence[str], init_cfg: Mapping | None = None
    ) -> None:
        super().__init__(modalities, in_index=(-1,), init_cfg=init_cfg)

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """(B, C_m, h_m, w_m) of each modality -> (B, sum C_m, 1, 1)."""
        means = [x.mean(dim=(2, 3), keepdim=True) for x in maps.values()]
        return torch.cat(means, dim=1)
