"""REF-Net's fusion of two maps."""

from collections.abc import Mapping

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import BaseModule
from mmseg.models.backbones.resnet import BasicBlock
from mmseg.registry import MODELS
from torch import Tensor, nn

from multimodal_rs.models.layers.vss_block import VSSBlock


def scan_block(channels: int, drop_path: float) -> VSSBlock:
    """Build the VSS block that REF-Net uses everywhere.

    One state per channel, no gate, no bias in the convolution ("v3noz" of
    VMamba's code), and an MLP of four times the channels.
    """
    return VSSBlock(
        channels,
        state_size=1,
        gate=False,
        conv_bias=False,
        mlp_ratio=4.0,
        drop_path=drop_path,
    )


def scan_map(block: VSSBlock, x: Tensor) -> Tensor:
    """Apply a VSS block to a map, (B, C, H, W) -> (B, C, H, W).

    Inside, the channels are last in memory, too. The result is laid out as
    the convolutions behind it want it: on CPUs the gradient of their weights
    takes two to three times longer for maps with the channels last.
    """
    x = block(x.permute(0, 2, 3, 1).contiguous())
    return x.permute(0, 3, 1, 2).contiguous()


@MODELS.register_module()
class MDFVSSBlock(BaseModule):
    """What two modalities share, where they differ, and both together.

    On the maps a and b:

        share = ReLU(BN(conv3x3([VSS_s(a), VSS_s(b)])))
        difference = VSS_d(a - b)
        fused = Res(share + difference)

    VSS_s is one block for both modalities; the difference is signed.

    Args:
        channels (int): Channels C of all maps.
        share (bool): False: without the first branch.
        difference (bool): False: without the second branch.
        drop_path (float): Stochastic depth of the VSS blocks.
        norm_cfg (dict, optional): Of the convolutions; None: batch norm.
    """

    def __init__(
        self,
        channels: int,
        share: bool = True,
        difference: bool = True,
        drop_path: float = 0.1,
        norm_cfg: Mapping | None = None,
    ) -> None:
        super().__init__()
        norm_cfg = norm_cfg or dict(type='BN')
        if not (share or difference):
            raise ValueError(
                'MDFVSSBlock: share=False and difference=False leave nothing '
                'to fuse with: switch off one branch at most'
            )
        self.share = self.share_conv = self.difference = None
        if share:
            self.share = scan_block(channels, drop_path)
            self.share_conv = nn.Sequential(
                nn.Conv2d(2 * channels, channels, 3, padding=1, bias=False),
                build_norm_layer(norm_cfg, channels)[1],
                nn.ReLU(inplace=True),
            )
        if difference:
            self.difference = scan_block(channels, drop_path)
        self.smooth = BasicBlock(channels, channels, norm_cfg=norm_cfg)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor | None]:
        """Fuse two maps, (B, C, H, W) each.

        Returns:
            The fused map and the difference, (B, C, H, W) each; None instead
            of the difference if the block has no such branch.
        """
        difference = self.compare(a, b)
        if self.share is None:
            return self.smooth(difference), difference
        both = scan_map(self.share, torch.cat([a, b]))
        total = self.share_conv(torch.cat(both.chunk(2), dim=1))
        if difference is not None:
            total = total + difference
        return self.smooth(total), difference

    def compare(self, a: Tensor, b: Tensor) -> Tensor | None:
        """Make only the difference."""
        if self.difference is None:
            return None
        return scan_map(self.difference, a - b)
