"""Fusion of the two-branch network for multisource data."""

from collections.abc import Mapping, Sequence

from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.backbones.mrsdc_branches import INIT, SLOPE
from multimodal_rs.models.necks.joined_neck import JoinedNeck


@MODELS.register_module()
class MRSDCNeck(JoinedNeck):
    """Concatenation, batch norm, dropout and a layer of 128.

    Xu et al., TGRS 2018 (see :class:`TwoTunnelBranch`). The authors flatten
    windows of 6x6 cells and connect them fully.

    Note:
        Our layer is a convolution. With ``kernel_size=1`` the field of view
        stays that of the branches; 5 is close to the authors' window.

    Args:
        modalities (Sequence[str]): Any number of names, in this order.
        in_channels (dict): Channels per modality.
        channels (int): Of the fused map.
        kernel_size (int): Of the convolution, odd.
        dropout (float): Probability with which a channel is dropped.
        init_cfg (dict, optional): mmengine initialisation config; None: He.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        in_channels: Mapping[str, int],
        channels: int = 128,
        kernel_size: int = 1,
        dropout: float = 0.25,
        init_cfg: Mapping | None = None,
    ) -> None:
        super().__init__(modalities, init_cfg or INIT)
        if set(in_channels) != set(self.modalities):
            raise ValueError(
                'MRSDCNeck: in_channels needs one entry per modality, '
                f'expected {list(self.modalities)}, got {dict(in_channels)}'
            )
        if kernel_size % 2 == 0:
            raise ValueError(
                'MRSDCNeck: kernel_size must be odd, so that the map keeps '
                f'its size, got {kernel_size}'
            )
        joined = sum(in_channels.values())
        self.layers = nn.Sequential(
            nn.BatchNorm2d(joined),
            nn.Dropout2d(dropout),
            nn.Conv2d(joined, channels, kernel_size, padding=kernel_size // 2),
            nn.LeakyReLU(SLOPE),
        )

    def fuse_joined(self, joined: Tensor) -> Tensor:
        """(B, sum C_m, H, W) -> (B, channels, H, W)."""
        return self.layers(joined)
