"""Position of a region in one modality."""

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.class_matching import Matches
from multimodal_rs.models.layers.grid_queries import Regions


class ReferencePosition(nn.Module):
    """Displacement of the regions in one modality.

        delta_rm = s tanh( L_m [q_r; t_rm] )         without matches
        delta_rm = tanh( L_m [q_r; t_rm] ) match_rm  with matches

    up to one region (s cells) along each axis, or up to the match in its
    direction. The outlines of an object differ between modalities: each may
    find the region's object elsewhere. L_m gives x and y, or how far the
    region follows its match (:class:`ClassMatching`): of two modalities that
    disagree, the match does not say which one is displaced. L_m starts at 0:
    regions start where the grid has them.

    Args:
        channels: d.
        region_size: s.
        matching: Whether there are matches.
    """

    def __init__(
        self, channels: int, region_size: int, matching: bool
    ) -> None:
        super().__init__()
        self.region_size = region_size
        self.move = nn.Linear(2 * channels, 1 if matching else 2)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)

    def forward(
        self, regions: Regions, name: str, matches: Matches | None = None
    ) -> Tensor:
        """(B, rows, columns, 2), x and y in cells."""
        move = torch.tanh(self.move(regions.pairs(name)))
        if matches is None:
            return self.region_size * move
        return move * matches.at(name, regions.grid)
