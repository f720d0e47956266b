"""Spatial reconstruction of a modality by warping its own map."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from multimodal_rs.models.layers.grid_queries import Regions
from multimodal_rs.models.layers.map_sampling import (
    cell_positions,
    sample_map,
)


class Reconstruction(NamedTuple):
    """A modality's map after spatial reconstruction.

    Attributes:
        reconstructed: (B, C, H, W).
        offsets: (B, H, W, K, 2), from each cell to where it sampled, x and y
            in cells; None: it did not sample so.
        gates: (B, H, W, K), the share of each sample; the rest up to 1 is
            the cell's own.
    """

    reconstructed: Tensor
    offsets: Tensor | None = None
    gates: Tensor | None = None


class WarpReconstruction(nn.Module):
    """Rebuild a map from samples of itself, at K places around each cell.

        phi_k(u) = sum_r A_r(u) ( delta_r + Delta_rk )
        a(u)     = softmax over K + 1 of  G v(u) + b
        X~(u)    = sum_k a_k(u) X(u + phi_k(u)) + a_stay(u) X(u)

    delta_r is the displacement of the region in this modality, Delta_rk is
    linear in its query and descriptor and starts at 0, A is the assignment of
    cells to regions; v are the modality's tokens. The last of the K + 1 gates
    stays with the cell, and starts at about 0.83 (for K = 4). At the start all
    samples are of the cell itself, and the map is unchanged. A cell of the
    background that an object has run into can be replaced by background, not
    only be added to. No value of another modality enters, only the queries
    do. The cost is linear in the number of cells.

    Args:
        channels: d.
        points: K.
    """

    def __init__(self, channels: int, points: int) -> None:
        super().__init__()
        self.points = points
        self.offsets = nn.Linear(2 * channels, 2 * points)
        self.gates = nn.Linear(channels, points + 1)
        nn.init.zeros_(self.offsets.weight)
        nn.init.zeros_(self.offsets.bias)
        # Not 0: the samples, all alike at the start, part ways by their gates.
        nn.init.normal_(self.gates.weight, std=0.02)
        nn.init.zeros_(self.gates.bias)
        with torch.no_grad():
            self.gates.bias[-1] = 3.0

    def forward(
        self,
        x: Tensor,
        tokens: Tensor,
        regions: Regions,
        name: str,
        displacement: Tensor,
    ) -> Reconstruction:
        """Rebuild.

        Args:
            x: (B, C, H, W), the modality's map.
            tokens: (B, H, W, d), its tokens.
            regions: Queries, its descriptors and the assignment.
            name: Of the modality.
            displacement: (B, rows, columns, 2) of its regions, in cells.
        """
        moves = self.offsets(regions.pairs(name))
        moves = moves + displacement.repeat(1, 1, 1, self.points)
        offsets = regions.spread(moves).unflatten(-1, (self.points, 2))
        gates = self.gates(tokens).softmax(dim=-1)[..., :-1]
        start = cell_positions(tuple(x.shape[2:]), x)
        rebuilt = x
        for k in range(self.points):
            sampled = sample_map(x, start + offsets[..., k, :])
            rebuilt = rebuilt + gates[..., k][:, None] * (sampled - x)
        return Reconstruction(rebuilt, offsets, gates)
