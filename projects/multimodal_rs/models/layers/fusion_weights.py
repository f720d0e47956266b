"""Scores of dynamic fusion: how much a modality counts in a region."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class RegionScores(nn.Module):
    """Score every modality in every region.

        g_rm = MLP [q_r; y_rm]

    q_r is the query of the region, y_rm what the modality shows there. The MLP
    is shared by the modalities, so that none has a head start, and ends with
    0 at the beginning: all count the same.

    Args:
        channels: d.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(2 * channels, channels),
            nn.GELU(),
            # A bias would be the same for all modalities: without effect.
            nn.Linear(channels, 1, bias=False),
        )
        nn.init.zeros_(self.mlp[-1].weight)

    def forward(
        self, queries: Tensor, evidence: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Score.

        Args:
            queries: (..., d).
            evidence: (..., d) per modality.

        Returns:
            (..., 1) per modality.
        """
        return {
            m: self.mlp(torch.cat([queries, y], dim=-1))
            for m, y in evidence.items()
        }


class PositionEvidence(nn.Module):
    """What a modality shows at the reference positions of the regions.

    The map at these positions, normalised and projected, C to d.

    Args:
        in_channels: C.
        channels: d.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(in_channels)
        self.project = nn.Linear(in_channels, channels)

    def forward(self, sampled: Tensor) -> Tensor:
        """(B, C, rows, columns) to (B, rows, columns, d)."""
        return self.project(self.norm(sampled.movedim(1, -1)))
