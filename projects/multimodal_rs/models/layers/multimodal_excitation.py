"""DDHRNet's multimodal squeeze-and-excitation."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class MultimodalExcitation(nn.Module):
    """Add to the main stream what all streams say, weighed by channel.

    Ren et al., "A dual-stream high resolution network: Deep fusion of GF-2
    and GF-3 data for land cover classification", JAG 2022,
    https://doi.org/10.1016/j.jag.2022.102896, as in the authors' code. With
    u the concatenation of all streams, z its mean over all pixels,

        s = sigmoid(W_2 ReLU(W_1 z + b_1) + b_2)       x <- x + W (s u) + b

    where nothing is squeezed: the hidden width is that of u.

    Args:
        channels (int): C of every stream.
        streams (int): How many there are.
    """

    def __init__(self, channels: int, streams: int) -> None:
        super().__init__()
        joined = channels * streams
        self.excite = nn.Sequential(
            nn.Linear(joined, joined),
            nn.ReLU(),
            nn.Linear(joined, joined),
            nn.Sigmoid(),
        )
        self.conv = nn.Conv2d(joined, channels, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Fuse (B, C, H, W) of all streams into the first: (B, C, H, W)."""
        joined = torch.cat(tuple(maps), dim=1)
        weights = self.excite(joined.mean(dim=(2, 3)))
        return maps[0] + self.conv(joined * weights[..., None, None])
