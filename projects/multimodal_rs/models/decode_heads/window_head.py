"""Classifier of a window, which gives one answer for all of it."""

from collections.abc import Mapping, Sequence

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class WindowHead(BaseDecodeHead):
    """Mean over the map of a window, then one linear layer.

    Args:
        in_channels (int): C of the map.
        num_classes (int, optional): The segmentor writes it.
        in_index (int): Level of the pyramid.
        dropout_ratio (float): Of whole channels, before the linear layer.
        loss_decode (dict | list[dict], optional): Losses; None: cross
            entropy.
        ignore_index (int): Label that does not count.
        init_cfg (dict, optional): mmengine initialisation config; None:
            normal, deviation 0.01, as mmseg's heads.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        in_index: int = -1,
        dropout_ratio: float = 0.0,
        loss_decode: Mapping | list[Mapping] | None = None,
        ignore_index: int = 255,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            in_channels=in_channels,
            channels=in_channels,
            num_classes=num_classes,
            in_index=in_index,
            dropout_ratio=dropout_ratio,
            loss_decode=loss_decode or dict(type='LandCoverCrossEntropyLoss'),
            ignore_index=ignore_index,
            align_corners=False,
            init_cfg=init_cfg
            or dict(type='Normal', std=0.01, override=dict(name='conv_seg')),
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Classify level ``in_index`` of a pyramid: (B, K, 1, 1)."""
        features = self._transform_inputs(inputs)
        return self.cls_seg(features.mean(dim=(2, 3), keepdim=True))
