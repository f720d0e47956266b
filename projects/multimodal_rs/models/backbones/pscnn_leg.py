"""A stream of the pseudo-siamese network for SAR and optical patches."""

from collections.abc import Mapping, Sequence

from mmengine.model import BaseModule
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.conv_chains import conv_relu_norm


@MODELS.register_module()
class PSCNNLeg(BaseModule):
    """Eight 3x3 convolutions with three poolings between them.

    Hughes, Schmitt, Mou, Wang, Zhu, "Identifying Corresponding Patches in SAR
    and Optical Images With a Pseudo-Siamese CNN", GRSL 2018,
    https://doi.org/10.1109/LGRS.2018.2799232. Widths and the order
    convolution, ReLU, norm (not the usual one) are those of the first
    author's published code (system123/SOMatch). One output cell sees 68
    pixels.

    Note:
        Poolings round up, so that no row of an image is lost. The authors'
        patches have sizes where that makes no difference.

    Args:
        in_channels (int): Number of bands.
        channels (Sequence[int]): Of each block of two convolutions; all but
            the last block end with a pooling.
        dropout (float): Probability with which a channel of the result is
            dropped in training.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int] = (32, 64, 128, 128),
        dropout: float = 0.25,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='Kaiming', layer='Conv2d'))
        layers = []
        for i, width in enumerate(channels):
            if i > 0:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            layers += conv_relu_norm(in_channels, (width, width))
            in_channels = width
        self.layers = nn.Sequential(*layers, nn.Dropout2d(dropout))

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Encode (B, C, H, W): one map (B, 128, H / 8, W / 8), rounded up."""
        return (self.layers(image),)
