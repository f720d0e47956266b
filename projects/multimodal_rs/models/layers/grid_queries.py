"""A query for every region of a grid."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.local_assignment import (
    LocalAssignment,
    spread,
)
from multimodal_rs.models.layers.presence import Presence, mean_of_present
from multimodal_rs.models.layers.region_grid import RegionGrid


class Regions(NamedTuple):
    """What is known about the regions of a batch.

    Attributes:
        grid: Their geometry.
        queries: (B, rows, columns, d).
        descriptors: (B, rows, columns, d) per modality, its mean over each
            region.
        assignment: See :class:`LocalAssignment`.
    """

    grid: RegionGrid
    queries: Tensor
    descriptors: dict[str, Tensor]
    assignment: Tensor

    def spread(self, values: Tensor) -> Tensor:
        """(B, rows, columns, C) of the regions to a map (B, H, W, C)."""
        return spread(self.assignment, values, self.grid)

    def pairs(self, name: str) -> Tensor:
        """(B, rows, columns, 2 d), queries and descriptors of a modality."""
        return torch.cat([self.queries, self.descriptors[name]], dim=-1)


class GridQueries(nn.Module):
    """Queries that say which region is meant, shared by the modalities.

    With the tokens V_m of the modalities

        t_rm = mean of V_m over region r
        q_r  = encoder( mean over m of t_rm + e ),  e learned

    The mean is over the modalities that a sample has. The encoder is one
    layer in which each query attends to those of the nine regions around it,
    so that its cost is linear in the number of regions. Queries have no code
    of their absolute position: where in a tile something lies means nothing.

    Args:
        channels: d.
        region_size: Side of a region, in cells.
        heads: Of the attention.
    """

    def __init__(self, channels: int, region_size: int, heads: int) -> None:
        super().__init__()
        self.region_size = region_size
        self.start = nn.Parameter(torch.empty(channels))
        nn.init.trunc_normal_(self.start, std=0.02)
        self.attention = NeighbourAttention(channels, heads)
        self.mlp = nn.Sequential(
            nn.LayerNorm(channels),
            nn.Linear(channels, 2 * channels),
            nn.GELU(),
            nn.Linear(2 * channels, channels),
        )
        self.assign = LocalAssignment(channels)

    def forward(
        self, tokens: Mapping[str, Tensor], presence: Presence | None = None
    ) -> Regions:
        """Make queries, and assign the cells to them.

        Args:
            tokens: (B, H, W, d) per modality.
            presence: (B,) bool per modality; None: all are there.
        """
        average = mean_of_present(tokens, presence)
        grid = RegionGrid(tuple(average.shape[1:3]), self.region_size)
        descriptors = {
            m: grid.windows(v).mean(dim=3) for m, v in tokens.items()
        }
        queries = mean_of_present(descriptors, presence) + self.start
        queries = queries + self.attention(queries, grid)
        queries = queries + self.mlp(queries)
        assignment = self.assign(average, queries, grid)
        return Regions(grid, queries, descriptors, assignment)


class NeighbourAttention(nn.Module):
    """Attention of each region to the nine around it, by their direction.

    Args:
        channels: d.
        heads: Number of heads; each has a bias per direction.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels, bias=False)
        self.value = nn.Linear(channels, channels)
        self.direction = nn.Parameter(torch.zeros(heads, 9))
        self.project = nn.Linear(channels, channels)

    def forward(self, queries: Tensor, grid: RegionGrid) -> Tensor:
        """(B, rows, columns, d) to the same shape."""
        x = self.norm(queries)
        query = self.query(x).unflatten(-1, (self.heads, 1, -1))
        # (B, rows, columns, heads, 9, d / heads)
        key, value = (
            grid.neighbours(layer(x))
            .unflatten(-1, (self.heads, -1))
            .transpose(3, 4)
            for layer in (self.key, self.value)
        )
        scores = query @ key.transpose(-1, -2) / query.shape[-1] ** 0.5
        scores = scores + self.direction[:, None]
        exists = grid.exists(x)[:, :, None, None]
        scores = scores.masked_fill(~exists, -torch.inf)
        return self.project((scores.softmax(dim=-1) @ value).flatten(3))
