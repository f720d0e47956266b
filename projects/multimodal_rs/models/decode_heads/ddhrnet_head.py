"""DDHRNet's head."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.decode_heads.conv_head import ConvHead


@MODELS.register_module()
class DDHRNetHead(ConvHead):
    """Concatenate all levels at the finest size, mix them and classify.

    HRNetV2's head, as in the code of DDHRNet's authors: bilinear with
    ``align_corners=True``, a 1x1 convolution that keeps the width, norm and
    ReLU, a 1x1 classifier.

    Note:
        The authors' classifier has no bias.

    Args:
        in_channels (Sequence[int]): Of the levels, the finest first.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`.
    """

    def __init__(self, in_channels: Sequence[int], **kwargs) -> None:
        kwargs = dict(norm_cfg=dict(type='BN')) | kwargs
        channels = sum(in_channels)
        super().__init__(
            kernel_size=1,
            in_channels=list(in_channels),
            in_index=list(range(len(in_channels))),
            input_transform='multiple_select',
            channels=channels,
            **kwargs,
        )
        self.mix = ConvModule(channels, channels, 1, norm_cfg=self.norm_cfg)

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify a pyramid: (B, K, H, W) at the size of its first map."""
        finest, *coarser = self._transform_inputs(inputs)
        size = finest.shape[2:]
        joined = [finest, *(self.fit(x, size) for x in coarser)]
        return self.cls_seg(self.mix(torch.cat(joined, dim=1)))
