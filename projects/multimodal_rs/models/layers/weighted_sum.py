"""Weighted sum of the modalities' maps."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.presence import Presence, present_mask


class WeightedSum(nn.Module):
    """Sum with weights, and a small network at each cell.

        F = sum_m w_m X~_m,   F + W2 GELU( W1 LN(F) )

    W2 starts at 0: with equal weights, the plain mean.

    Args:
        channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, channels),
            nn.GELU(),
            nn.Linear(channels, channels),
        )
        nn.init.zeros_(self.mlp[-1].weight)
        nn.init.zeros_(self.mlp[-1].bias)

    def forward(
        self,
        maps: Mapping[str, Tensor],
        weights: Tensor,
        presence: Presence | None = None,
    ) -> Tensor:
        """Fuse.

        Args:
            maps: (B, C, H, W) per modality.
            weights: (B, M, H, W), in the order of ``maps``.
            presence: (B,) bool per modality; None: all are there. The map of
                one that is missing does not matter, not even NaN.

        Returns:
            (B, C, H, W).
        """
        stacked = torch.stack(tuple(maps.values()), dim=1)
        if presence is not None:
            absent = ~present_mask(tuple(maps), presence)
            stacked = stacked.masked_fill(absent[..., None, None, None], 0)
        fused = (stacked * weights[:, :, None]).sum(dim=1)
        return fused + self.mlp(fused.movedim(1, -1)).movedim(-1, 1)


def token_layer(in_channels: int, channels: int) -> nn.Sequential:
    """Make tokens, (..., C) to (..., d), of a modality's map."""
    return nn.Sequential(
        nn.LayerNorm(in_channels), nn.Linear(in_channels, channels)
    )
