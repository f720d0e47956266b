"""REF-Net's decoder of a single modality."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule, ModuleList
from mmseg.models.backbones.resnet import BasicBlock
from torch import Tensor

from multimodal_rs.models.layers.top_down_path import TopDownPath


class MSIEPath(BaseModule):
    """Modality-specific information enhancement.

    Each map of the modality is guided by what distinguishes the modalities,
    Res(x_l + d_l), and decoded by a :class:`TopDownPath` of its own. The
    signed difference is added for both modalities, as in the authors' code.

    Args:
        channels: Channels C of all maps.
        levels: Number of maps.
        norm_cfg: Normalisation of the residual blocks.
    """

    def __init__(self, channels: int, levels: int, norm_cfg: Mapping) -> None:
        super().__init__()
        self.guides = ModuleList(
            BasicBlock(channels, channels, norm_cfg=norm_cfg)
            for _ in range(levels)
        )
        self.path = TopDownPath(channels, levels, norm_cfg)

    def forward(
        self, maps: Sequence[Tensor], differences: Sequence[Tensor | None]
    ) -> tuple[Tensor, ...]:
        """Guide and decode.

        Args:
            maps: Of the modality, (B, C, H_l, W_l), shallow to deep.
            differences: As large; None where the fusion makes none.

        Returns:
            Maps of the same sizes, shallow to deep.
        """
        guided = [
            guide(x if d is None else x + d)
            for guide, x, d in zip(self.guides, maps, differences, strict=True)
        ]
        return self.path(guided)
