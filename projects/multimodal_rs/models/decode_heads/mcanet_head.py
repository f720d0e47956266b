"""MCANet's decoder."""

from collections.abc import Sequence

import torch
from mmcv.cnn import ConvModule
from mmseg.models.decode_heads.aspp_head import ASPPModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.decode_heads.conv_head import ConvHead


@MODELS.register_module()
class MCANetHead(ConvHead):
    """Decode a deep and a shallow map as DeepLabV3+, with full convolutions.

    Li et al., JAG 2022 (see :class:`JointAttention`): ASPP with one branch of
    1x1, one 3x3 per rate and one that pools; 1x1 projection; concatenation
    with the narrowed shallow map; two 3x3 convolutions; 1x1 classifier.

    Note:
        A public reading of the paper has no norm and ReLU between the last
        convolutions; ours has.

        Training needs at least two images per batch: the pooled branch
        normalises one value per image and channel.

    Args:
        in_channels (Sequence[int]): Of the shallow and the deep map.
        in_index (Sequence[int]): Their positions in the pyramid.
        channels (int): Of every branch and of the output.
        shortcut_channels (int): That the shallow map is narrowed to.
        rates (Sequence[int]): Dilations of the ASPP.
        dropout (float): At the end of the ASPP, element-wise.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int],
        channels: int = 256,
        shortcut_channels: int = 48,
        rates: Sequence[int] = (6, 12, 18),
        dropout: float = 0.5,
        **kwargs,
    ) -> None:
        defaults = dict(align_corners=False, norm_cfg=dict(type='BN'))
        kwargs = defaults | kwargs
        super().__init__(
            kernel_size=1,
            in_channels=list(in_channels),
            in_index=list(in_index),
            input_transform='multiple_select',
            channels=channels,
            **kwargs,
        )
        shallow, deep = in_channels
        layer = dict(norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
        self.pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), ConvModule(deep, channels, 1, **layer)
        )
        self.aspp = ASPPModule(
            (1, *rates), deep, channels, conv_cfg=None, **layer
        )
        joined = (len(rates) + 2) * channels
        self.project = nn.Sequential(
            ConvModule(joined, channels, 1, **layer), nn.Dropout(dropout)
        )
        self.shortcut = ConvModule(shallow, shortcut_channels, 1, **layer)
        self.fuse = nn.Sequential(
            ConvModule(
                channels + shortcut_channels, channels, 3, padding=1, **layer
            ),
            ConvModule(channels, channels, 3, padding=1, **layer),
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Decode and classify: (B, K, H, W) at the shallow map's stride.

        Raises:
            ValueError: If the maps have other channels than ``in_channels``.
        """
        shallow, deep = self._transform_inputs(inputs)
        found = [int(x.shape[1]) for x in (shallow, deep)]
        if found != self.in_channels:
            raise ValueError(
                f'MCANetHead reads maps of {self.in_channels} channels, the '
                f'neck makes {found}, those of every modality and the joint '
                f'ones: set in_channels={tuple(found)} of the head'
            )
        context = self.pool(deep).expand(-1, -1, *deep.shape[2:])
        deep = self.project(torch.cat([context, *self.aspp(deep)], dim=1))
        deep = self.fit(deep, shallow.shape[2:])
        joined = torch.cat([deep, self.shortcut(shallow)], dim=1)
        return self.cls_seg(self.fuse(joined))
