"""Fusion by JoiTriNet's dual attention module."""

from collections.abc import Mapping, Sequence

from mmengine.model import ModuleList
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.layers.mdafm import MDAFM
from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class MDAFMNeck(LevelFusionNeck):
    """One :class:`MDAFM` per level.

    JoiTriNet-d fuses the decoders' only map; JoiTriNet-e fuses the encoders'
    stride-4 and stride-16 maps.

    Args:
        modalities (Sequence[str]): Names to fuse, in this order.
        channels (Sequence[int]): Channels of each fused level.
        in_index (Sequence[int]): Levels to fuse.
        spatial_attention (bool): Second half of the module on or off.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        channels: Sequence[int],
        in_index: Sequence[int],
        spatial_attention: bool = True,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, in_index, init_cfg)
        self.check_levels(channels=channels)
        self.levels = ModuleList(
            MDAFM(self.modalities, c, spatial_attention) for c in channels
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) each -> (B, C, H, W)."""
        return self.levels[position](maps)
