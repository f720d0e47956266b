"""Convolutions that shrink a window to a few cells."""

from collections.abc import Mapping

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class WindowEncoder(BaseModule):
    """Five 3x3 convolutions with batch norm and ReLU, from 11x11 to 3x3.

    The extractor of MMRS ("MMRS: Multimodal Remote Sensing Image
    Classification", README and figures only), one for each modality, as we
    reconstruct it from its figure 1: five rectangles of equal width whose
    heights fall as 1 : 0.79 : 0.53 : 0.37 : 0.23. Neither widths nor kernels
    are published. Ours have w, w, 2w, 2w and 2w channels:

        layer   1    2    3            4    5
        pads    yes  no   yes, pooled  no   yes
        size    11   9    5            3    3

    Args:
        in_channels (int): Number of bands.
        width (int): w.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        width: int = 64,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        wide = 2 * width
        self.layers = nn.Sequential(
            *_block(in_channels, width, padding=1),
            *_block(width, width, padding=0),
            *_block(width, wide, padding=1),
            nn.MaxPool2d(2, ceil_mode=True),
            *_block(wide, wide, padding=0),
            *_block(wide, wide, padding=1),
        )

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode (B, C, 11, 11): one map (B, 2w, 3, 3).

        A window of n pixels becomes one of ceil((n - 2) / 2) - 2 cells.
        """
        return (self.layers(image),)


def _block(
    in_channels: int, channels: int, padding: int
) -> tuple[nn.Module, nn.Module, nn.Module]:
    return (
        nn.Conv2d(in_channels, channels, 3, padding=padding, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    )
