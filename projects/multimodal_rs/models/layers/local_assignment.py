"""Soft assignment of cells to the regions around them."""

import math

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.region_grid import RegionGrid


class LocalAssignment(nn.Module):
    """Share every cell among the nine regions around it (soft superpixels).

        A_r(u) = softmax_r( <Q v(u), K q_r> / sqrt(d) - lambda |u - c_r|^2 )

    over the nine regions r around the cell u; v is the mean of the modalities'
    tokens, q_r the query of the region, c_r its centre, distances are in
    units of a region, lambda > 0 is learned. Whatever belongs to regions
    becomes a map by :func:`spread`, whose outlines follow those of objects.
    The cost is linear in the number of cells.

    Args:
        channels: d.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cell = nn.Linear(channels, channels, bias=False)
        self.norm = nn.LayerNorm(channels)
        self.region = nn.Linear(channels, channels, bias=False)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(2.0)))

    def forward(
        self, tokens: Tensor, queries: Tensor, grid: RegionGrid
    ) -> Tensor:
        """Assign.

        Args:
            tokens: (B, H, W, d), v.
            queries: (B, rows, columns, d), q.
            grid: The regions of the map.

        Returns:
            (B, rows, columns, s * s, 9), A; the sum over the last axis is 1.
            At least float32, also of tokens in half precision.
        """
        cells = grid.windows(self.cell(tokens))
        regions = grid.neighbours(self.region(self.norm(queries)))
        scores = cells @ regions.transpose(-1, -2) / cells.shape[-1] ** 0.5
        distances = grid.squared_distances(tokens)
        scores = scores - self.log_sharpness.exp() * distances
        exists = grid.exists(tokens)[:, :, None]
        return scores.masked_fill(~exists, -torch.inf).softmax(dim=-1)


def spread(assignment: Tensor, values: Tensor, grid: RegionGrid) -> Tensor:
    """Turn values of regions into a map, sum_r A_r(u) y_r.

    Args:
        assignment: (B, rows, columns, s * s, 9), A.
        values: (B, rows, columns, C), y.
        grid: The regions.

    Returns:
        (B, H, W, C), of the type of ``values``.
    """
    shares = assignment.to(values.dtype)
    return grid.cells(shares @ grid.neighbours(values))
