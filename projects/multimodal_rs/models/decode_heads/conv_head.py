"""Classify a map with a single convolution."""

from collections.abc import Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.decode_heads._output_size import output_size


@MODELS.register_module()
class ConvHead(BaseDecodeHead):
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

    def loss_by_feat(
        self, seg_logits: Tensor, batch_data_samples: Sequence[SegDataSample]
    ) -> dict[str, Tensor]:
        """Compute the losses at the size of the label."""
        size = batch_data_samples[0].gt_sem_seg.shape[-2:]
        return super().loss_by_feat(
            self._upsample(seg_logits, size), batch_data_samples
        )

    def predict_by_feat(
        self, seg_logits: Tensor, batch_img_metas: Sequence[dict]
    ) -> Tensor:
        """Upsample to the size of the (padded) image or the window."""
        return self._upsample(seg_logits, output_size(batch_img_metas[0]))

    def _upsample(self, logits: Tensor, size: tuple[int, int]) -> Tensor:
        # mmseg's resize would warn at every call that sizes are not x + 1.
        return functional.interpolate(
            logits, size, mode='bilinear', align_corners=self.align_corners
        )
