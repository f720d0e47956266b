"""The convolutional part of VGG-16 with batch norm."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.conv_chains import conv_norm_relu


@MODELS.register_module()
class VGGEncoder(BaseModule):
    """Stages of 3x3 convolution, batch norm and ReLU, with poolings between.

    Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale
    Image Recognition", ICLR 2015, https://arxiv.org/abs/1409.1556. Layers
    have the names of torchvision's ``vgg16_bn``, so that its weights fit.
    The map of a stage is taken before the pooling that follows it.

    Note:
        Poolings round up, so that images of any size can be encoded.

    Args:
        in_channels (int): Number of bands.
        channels (Sequence[int]): Of each stage.
        depths (Sequence[int]): Convolutions in each stage.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (64, 128, 256, 512, 512),
        depths: Sequence[int] = (2, 2, 3, 3, 3),
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        layers = []
        for width, depth in zip(channels, depths, strict=True):
            if layers:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            layers += conv_norm_relu(in_channels, (width,) * depth)
            in_channels = width
        self.features = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Encode an image.

        Args:
            image: (B, C, H, W).

        Returns:
            One map per stage, (B, C_n, H / 2^n, W / 2^n) for n from 0 on,
            sizes rounded up.
        """
        maps, x = [], image
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        return (*maps, x)
