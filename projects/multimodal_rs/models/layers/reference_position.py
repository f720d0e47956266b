"""Position of a region in one modality."""

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.grid_queries import Regions


class ReferencePosition(nn.Module):
    """Displacement of the regions in one modality.

        delta_rm = s tanh( L_m [q_r; t_rm] )

    up to one region (s cells) along each axis. The outlines of an object
    differ between modalities: each may find the region's object elsewhere.
    L_m starts at 0, so that regions start where the grid has them.

    Args:
        channels: d.
        region_size: s.
    """

    def __init__(self, channels: int, region_size: int) -> None:
        super().__init__()
        self.region_size = region_size
        self.move = nn.Linear(2 * channels, 2)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)

    def forward(self, regions: Regions, name: str) -> Tensor:
        """(B, rows, columns, 2), x and y in cells."""
        return self.region_size * torch.tanh(self.move(regions.pairs(name)))
