"""Early fusion: all modalities as the bands of one image."""

from collections.abc import Mapping, Sequence

import torch
from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.backbones.parallel_backbones import (
    ParallelBackbones,
    hide_pixels,
)


@MODELS.register_module()
class StackedBackbone(BaseModule):
    """Concatenate the modalities on the channel axis and encode them once.

    The baseline called early concatenation. Missing modalities cannot be
    left out; the segmentor feeds their black image.

    Args:
        modalities (Sequence[str]): Order of concatenation.
        backbone (dict): Any mmseg backbone with ``in_channels`` equal to the
            sum of all bands. Pretrained weights are fitted to it.
        init_cfg (dict, optional): mmengine initialisation config.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        backbone: Mapping,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.modalities = tuple(modalities)
        self.encoder = ParallelBackbones(dict(stack=backbone))

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
