"""DeepLabV3+ decoder and classifier in one head."""

from collections.abc import Mapping, Sequence

from mmseg.registry import MODELS
from torch import Tensor

from multimodal_rs.models.decode_heads.conv_head import ConvHead
from multimodal_rs.models.layers.deeplabv3plus_decoder import (
    DeepLabV3PlusDecoder,
)


@MODELS.register_module()
class DeepLabV3PlusHead(ConvHead):
    """:class:`DeepLabV3PlusDecoder` followed by :class:`ConvHead`.

    The head of JoiTriNet-e and of the single-modality baseline.

    Args:
        in_channels (Sequence[int]): Of the shallow and the deep map.
        in_index (Sequence[int]): Their positions in the pyramid.
        decoder (dict): Arguments of the decoder other than those two.
        kernel_size (int): Of the classifying convolution.
        **kwargs: Of mmseg's :class:`BaseDecodeHead`.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        in_index: Sequence[int],
        decoder: Mapping | None = None,
        kernel_size: int = 3,
        **kwargs,
    ) -> None:
        decoder = dict(decoder or {})
        channels = decoder.get('channels', 256)
        super().__init__(
            kernel_size=kernel_size,
            in_channels=list(in_channels),
            in_index=list(in_index),
            input_transform='multiple_select',
            channels=channels,
            **kwargs,
        )
        self.decoder = DeepLabV3PlusDecoder(
            in_channels, in_index=(0, 1), **decoder
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Decode and classify: (B, K, H, W) at the shallow map's stride."""
        selected = self._transform_inputs(inputs)
        return self.cls_seg(self.decoder(selected)[0])
