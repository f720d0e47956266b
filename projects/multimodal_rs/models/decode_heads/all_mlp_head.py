"""SegFormer's head, as CMX and CMNeXt have it."""

from collections.abc import Sequence

import torch
from mmcv.cnn import build_norm_layer
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.utils import resize
from mmseg.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class AllMLPHead(BaseDecodeHead):
    """A linear layer per level, all levels joined at the shallowest.

    Xie et al., "SegFormer", NeurIPS 2021. Other than in mmseg's
    :class:`SegformerHead` there is neither norm nor activation behind the
    linear layers, as in the releases of SegFormer, CMX and CMNeXt.

    Args:
        in_channels (Sequence[int]): Channels of the levels, shallow to deep.
        fuse_bias (bool): Whether the convolution that joins the levels has a
            bias beside its norm: in CMX it has, in CMNeXt not.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`; ``channels`` is the
            width of the linear layers.
    """

    def __init__(
        self, in_channels: Sequence[int], fuse_bias: bool = False, **kwargs
    ) -> None:
        kwargs = dict(in_index=list(range(len(in_channels)))) | kwargs
        super().__init__(
            in_channels=list(in_channels),
            input_transform='multiple_select',
            **kwargs,
        )
        self.linear = nn.ModuleList(
            nn.Conv2d(width, self.channels, 1) for width in in_channels
        )
        norm_cfg = dict(self.norm_cfg or dict(type='BN'))
        joined = len(in_channels) * self.channels
        self.fuse = nn.Sequential(
            nn.Conv2d(joined, self.channels, 1, bias=fuse_bias),
            build_norm_layer(norm_cfg, self.channels)[1],
            nn.ReLU(),
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Join the levels and classify.

        Args:
            inputs: Pyramid (B, C_l, H_l, W_l).

        Returns:
            (B, K, H_0, W_0) of the shallowest level selected.
        """
        levels = self._transform_inputs(inputs)
        size = levels[0].shape[2:]
        # deep to shallow, the order of the published weights
        joined = [
            resize(
                linear(x),
                size,
                mode='bilinear',
                align_corners=self.align_corners,
                warning=False,
            )
            for linear, x in zip(self.linear, levels, strict=True)
        ][::-1]
        return self.cls_seg(self.fuse(torch.cat(joined, dim=1)))
