"""Fusion in the decision layer of the pseudo-siamese network."""

from collections.abc import Mapping, Sequence

from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.conv_chains import conv_relu_norm
from multimodal_rs.models.necks.joined_neck import JoinedNeck


@MODELS.register_module()
class PSCNNNeck(JoinedNeck):
    """Concatenate the streams and apply the decision layer at every cell.

    Hughes et al., GRSL 2018 (see :class:`PSCNNLeg`), where two fully
    connected layers behind two strided convolutions say whether two patches
    show the same place. For segmentation the JoiTriNet paper says
    "concatenation followed by a 1x1 convolution in the decision layer".

    Note:
        Norm, ReLU and dropout of the dense layer are our decisions. With
        ``hidden=(256, 128)`` the two convolutions of the original stay, with
        stride 1 and without their pooling.

    Args:
        modalities (Sequence[str]): Any number of names, in this order.
        in_channels (int): Channels of each stream.
        channels (int): Width of the decision layer.
        hidden (Sequence[int]): Widths of 3x3 convolutions before it.
        dropout (float): Probability with which a channel is dropped.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: int = 128,
        channels: int = 512,
        hidden: Sequence[int] = (),
        dropout: float = 0.2,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(
            modalities, init_cfg or dict(type='Kaiming', layer='Conv2d')
        )
        joined = in_channels * len(self.modalities)
        last = hidden[-1] if hidden else joined
        self.layers = nn.Sequential(
            *conv_relu_norm(joined, hidden),
            nn.Conv2d(last, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Dropout2d(dropout),
        )

    def fuse_joined(self, joined: Tensor) -> Tensor:
        """(B, M C, H, W) -> (B, channels, H, W)."""
        return self.layers(joined)
