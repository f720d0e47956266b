"""Classifier that is a single convolution."""

from collections.abc import Sequence

from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.decode_heads.full_size_head import FullSizeHead


@MODELS.register_module()
class ConvHead(FullSizeHead):
    """One convolution with bias, then bilinear to the label's size.

    Args:
        kernel_size (int): 3 as in the JoiTriNet authors' code; 1 as the paper
            says.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`.
    """

    def __init__(self, kernel_size: int = 3, **kwargs) -> None:
        kwargs = dict(dropout_ratio=0, align_corners=True) | kwargs
        kwargs.setdefault('channels', kwargs.get('in_channels'))
        super().__init__(init_cfg=kwargs.pop('init_cfg', None), **kwargs)
        self.conv_seg = nn.Conv2d(
            self.channels,
            self.out_channels,
            kernel_size,
            padding=kernel_size // 2,
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify level ``in_index`` of a pyramid: (B, K, H, W)."""
        return self.cls_seg(self._transform_inputs(inputs))

    def fit(self, logits: Tensor, size: tuple[int, int]) -> Tensor:
        """Enlarge logits (B, K, h, w) to (B, K, *size)."""
        # mmseg's resize would warn at every call that sizes are not x + 1.
        return functional.interpolate(
            logits, size, mode='bilinear', align_corners=self.align_corners
        )
