"""Early fusion: all modalities as the bands of one image."""

from collections.abc import Mapping, Sequence

import torch
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.models.backbones.parallel_backbones import (
    ParallelBackbones,
    hide_pixels,
)
from multimodal_rs.models.declaration import branch_with_bands


@MODELS.register_module()
class StackedBackbone(MultiModalBackbone):
    """Concatenate the modalities on the channel axis and encode them once.

    The baseline called early concatenation. Missing modalities cannot be
    left out; the segmentor feeds their black image.

    Args:
        modalities (Sequence[str]): Order of concatenation.
        backbone (dict): Any mmseg backbone. The segmentor writes the sum of
            all bands into ``in_channels``; pretrained weights are fitted to
            it.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        backbone: Mapping,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, init_cfg)
        self.encoder = ParallelBackbones(dict(stack=backbone))

    @classmethod
    def with_bands(
        cls, config: Mapping, modalities: Mapping[str, Modality]
    ) -> dict:
        """Set ``in_channels`` of the backbone to the sum of all bands.

        Without ``modalities`` it stacks all that are declared.
        """
        names = tuple(config.get('modalities') or modalities)
        backbone = branch_with_bands(
            *(config['backbone'], names, modalities),
            where='StackedBackbone',
        )
        return {**config, 'modalities': names, 'backbone': backbone}

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        masks: Mapping[str, Tensor] | None = None,
    ) -> dict[str, tuple[Tensor, ...]]:
        """Encode the stack.

        Args:
            inputs: (B, C_m, H, W) for every modality.
            masks: (B, 1, H / 4, W / 4), rounded up, for some of them, 1
                where the image is hidden, for masked pretraining.

        Returns:
            One pyramid, under the name ``'stack'``.

        Raises:
            KeyError: If a modality is missing.
        """
        missing = [m for m in self.modalities if m not in inputs]
        if missing:
            raise KeyError(
                f'StackedBackbone stacks {list(self.modalities)}, got '
                f'{sorted(inputs)}: missing {missing}'
            )
        masks = masks or {}
        images = [
            hide_pixels(inputs[m], masks[m]) if m in masks else inputs[m]
            for m in self.modalities
        ]
        stack = torch.cat(images, dim=1)
        return self.encoder(dict(stack=stack))
