"""How CMNeXt embeds and selects the modalities of its light branch."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from multimodal_rs.models.layers.ppx_block import ChannelFirstNorm


class ExtraEmbedding(BaseModule):
    """Overlapping patches of several modalities, with a norm for each.

    Modalities with equally many bands share the convolution, as all of them
    do in the release.

    Args:
        bands (Sequence[int]): Bands, or channels, of each modality.
        channels (int): Channels C after it.
        patch (int): Side of a patch, in pixels.
        stride (int): Distance of the patches.
    """

    def __init__(
        self, bands: Sequence[int], channels: int, patch: int, stride: int
    ) -> None:
        super().__init__()
        different = list(dict.fromkeys(bands))
        self.which = [different.index(number) for number in bands]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(number, channels, patch, stride, patch // 2)
            for number in different
        )
        self.norms = nn.ModuleList(
            ChannelFirstNorm(channels, eps=1e-6) for _ in bands
        )

    def forward(self, images: Sequence[Tensor]) -> list[Tensor]:
        """(B, C_m, H, W) each -> (B, C, H / stride, W / stride) each."""
        return [
            norm(self.convolutions[index](image))
            for index, norm, image in zip(
                self.which, self.norms, images, strict=True
            )
        ]


class Selection(BaseModule):
    """Score the maps of several modalities and take their maximum.

    Args:
        number (int): Number of modalities M.
        channels (int): Channels C.
    """

    def __init__(self, number: int, channels: int) -> None:
        super().__init__()
        self.scores = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
                nn.Conv2d(channels, 1, 1),
                nn.Sigmoid(),
            )
            for _ in range(number)
        )

    def forward(
        self, maps: Sequence[Tensor], there: Tensor | None = None
    ) -> tuple[list[Tensor], Tensor]:
        """Select, pixel by pixel and channel by channel.

        Args:
            maps: (B, C, H, W) per modality.
            there: (B, M) bool, at least one per sample; which take part in
                the maximum. None: all.

        Returns:
            The maps with their scores, and the maximum, all (B, C, H, W).
        """
        scored = [
            x + score(x) * x
            for score, x in zip(self.scores, maps, strict=True)
        ]
        stacked = torch.stack(scored, dim=1)  # (B, M, C, H, W)
        if there is not None:
            absent = ~there[:, :, None, None, None]
            stacked = stacked.masked_fill(absent, -torch.inf)
        return scored, stacked.amax(dim=1)
