"""Cross-modal feature rectification of CMX."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn


class FeatureRectification(BaseModule):
    """Let two maps correct each other by what the other one has.

    Zhang et al., "CMX: Cross-Modal Fusion for RGB-X Semantic Segmentation
    With Transformers", IEEE T-ITS 2023: the CM-FRM. Both maps give weights
    for channels, from global mean and maximum, and for pixels:

        x1' = x1 + 0.5 c2 x2 + 0.5 s2 x2

    and likewise for x2; the weights c2, s2 are of the map that is added.

    Args:
        channels (int): Channels C of each map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channel_weights = nn.Sequential(
            nn.Linear(4 * channels, 4 * channels),
            nn.ReLU(),
            nn.Linear(4 * channels, 2 * channels),
            nn.Sigmoid(),
        )
        self.pixel_weights = nn.Sequential(
            nn.Conv2d(2 * channels, channels, 1),
            nn.ReLU(),
            nn.Conv2d(channels, 2, 1),
            nn.Sigmoid(),
        )

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Rectify two maps (B, C, H, W), which keep their size."""
        both = torch.cat([first, second], dim=1)
        pooled = torch.cat([both.mean(dim=(2, 3)), both.amax(dim=(2, 3))], 1)
        of_channels = self.channel_weights(pooled)[..., None, None]
        channel1, channel2 = of_channels.chunk(2, dim=1)  # (B, C, 1, 1)
        pixel1, pixel2 = self.pixel_weights(both).chunk(2, dim=1)
        return (
            first + 0.5 * (channel2 + pixel2) * second,
            second + 0.5 * (channel1 + pixel1) * first,
        )
