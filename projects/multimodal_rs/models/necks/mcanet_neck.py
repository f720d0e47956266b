"""MCANet's fusion of low and high levels."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.joint_attention import JointAttention
from multimodal_rs.models.necks.level_fusion import LevelFusionNeck


@MODELS.register_module()
class MCANetNeck(LevelFusionNeck):
    """Concatenate the modalities' maps with their joint map, level by level.

    Li et al., JAG 2022 (see :class:`JointAttention`).

    Note:
        There is no official code; widths are those of a public reading of
        the paper. It has one layer that narrows the deep maps of both
        modalities; ours has one for each.

    Args:
        modalities (Sequence[str]): Any number of names, in this order.
        in_channels (Sequence[int]): C of each fused level.
        in_index (Sequence[int]): Levels to fuse.
        narrowed (Sequence[int]): Channels that the map of one modality is
            brought to before the concatenation, for each level; C: it stays
            as it is.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Sequence[int],
        in_index: Sequence[int],
        narrowed: Sequence[int],
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            modalities,
            in_index,
            init_cfg or dict(type='Kaiming', layer='Conv2d'),
        )
        self.check_levels(in_channels=in_channels, narrowed=narrowed)
        self.attention = nn.ModuleList(
            JointAttention(self.modalities, c) for c in in_channels
        )
        self.narrow = nn.ModuleList(
            nn.ModuleDict({m: _narrow(c, width) for m in self.modalities})
            for c, width in zip(in_channels, narrowed, strict=True)
        )

    def fuse(self, maps: Mapping[str, Tensor], position: int) -> Tensor:
        """Fuse one level, (B, C, H, W) -> (B, M narrowed + C, H, W)."""
        narrow = self.narrow[position]
        specific = [narrow[m](x) for m, x in maps.items()]
        return torch.cat([*specific, self.attention[position](maps)], dim=1)


def _narrow(in_channels: int, channels: int) -> nn.Module:
    if in_channels == channels:
        return nn.Identity()
    return nn.Conv2d(in_channels, channels, 1)
