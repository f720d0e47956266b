"""Spatial reconstruction of a modality by attention to its own regions."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from multimodal_rs.models.layers.grid_queries import Regions
from multimodal_rs.models.layers.map_sampling import (
    cell_positions,
    ring,
    sample_map,
)
from multimodal_rs.models.layers.warp_reconstruction import Reconstruction

POINTS_PER_HEAD = 4


class AttentionReconstruction(nn.Module):
    """Sample a descriptor of each region, and let all cells attend to them.

        p_r     = c_r + delta_r
        z_r     = O sum_k a_rk W v(p_r + Delta_rk)       per head, K points
        B_r(u)  = softmax_r <Q(v(u) + PE(u)), K(z_r + PE(p_r))>
        X~(u)   = X(u) + O' sum_r B_r(u) V z_r

    Delta and a are linear in the query of the region. Beside the regions
    there is a slot with a learned key and the value 0, by which a cell of the
    background takes nothing. O' starts at 0. No value of another modality
    enters, only the queries do. The cost grows with the square of the area of
    the map, since every cell attends to every region: for comparison with
    :class:`WarpReconstruction`.

    Args:
        in_channels: C.
        channels: d, divisible by 4 and by the number of heads.
        heads: Number of heads.
    """

    def __init__(self, in_channels: int, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        samples = heads * POINTS_PER_HEAD
        self.value_map = nn.Linear(channels, channels)
        self.offsets = nn.Linear(channels, 2 * samples)
        nn.init.zeros_(self.offsets.weight)
        with torch.no_grad():
            self.offsets.bias.copy_(_start(heads).flatten())
        self.shares = nn.Linear(channels, samples)
        nn.init.zeros_(self.shares.weight)
        nn.init.zeros_(self.shares.bias)
        self.descriptor = nn.Linear(channels, channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.null_key = nn.Parameter(torch.zeros(channels))
        nn.init.trunc_normal_(self.null_key, std=0.02)
        self.project = nn.Linear(channels, in_channels)
        nn.init.zeros_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(
        self,
        x: Tensor,
        tokens: Tensor,
        regions: Regions,
        name: str,
        displacement: Tensor,
    ) -> Reconstruction:
        """Rebuild; arguments as of :class:`WarpReconstruction`."""
        centres = regions.grid.centres(x)
        positions = (centres + displacement).flatten(1, 2)  # (B, R, 2)
        queries = regions.queries.flatten(1, 2)
        found = self._sample(tokens, queries, positions)
        size = tuple(x.shape[2:])
        code = position_code(positions, size, tokens.shape[-1])
        cells = cell_positions(size, x).flatten(0, 1)
        here = position_code(cells, size, tokens.shape[-1])
        # Codes are float32, which half precision is added to, not cut by.
        query = self.query((tokens.flatten(1, 2) + here).to(tokens.dtype))
        key = self.key((found + code).to(found.dtype))
        taken = self._attend(query, key, self.value(found))
        change = self.project(taken).transpose(1, 2).reshape(x.shape)
        return Reconstruction(x + change)

    def _sample(
        self, tokens: Tensor, queries: Tensor, positions: Tensor
    ) -> Tensor:
        """Descriptors (B, R, d) of the regions in this modality."""
        batch, regions, channels = queries.shape
        split = (self.heads, POINTS_PER_HEAD)
        offsets = self.offsets(queries).unflatten(-1, (*split, 2))
        places = positions[:, :, None, None] + offsets
        shares = self.shares(queries).unflatten(-1, split).softmax(dim=-1)
        values = self.value_map(tokens).permute(0, 3, 1, 2)
        values = values.unflatten(1, (self.heads, -1)).flatten(0, 1)
        places = places.transpose(1, 2).flatten(0, 1)  # (B heads, R, K, 2)
        sampled = sample_map(values, places)  # (B heads, d / heads, R, K)
        shares = shares.transpose(1, 2).flatten(0, 1)[:, None]
        found = (sampled * shares).sum(dim=-1)
        found = found.reshape(batch, channels, regions).transpose(1, 2)
        return self.descriptor(found)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        batch = len(query)
        null = self.null_key.expand(batch, 1, -1)
        key = torch.cat([key, null], dim=1)
        value = functional.pad(value, (0, 0, 0, 1))
        query, key, value = (
            y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for y in (query, key, value)
        )
        taken = functional.scaled_dot_product_attention(query, key, value)
        return taken.transpose(1, 2).flatten(2)


def position_code(
    positions: Tensor, size: tuple[int, int], channels: int
) -> Tensor:
    """Sine and cosine code of positions.

    Args:
        positions: (..., 2), x and y in cells.
        size: (H, W) of the map.
        channels: Of the code, a multiple of 4.

    Returns:
        (..., channels).
    """
    scale = positions.new_tensor([size[1], size[0]])
    place = (positions + 0.5) / scale * (2 * math.pi)
    exponents = torch.arange(channels // 4, device=positions.device)
    frequencies = 10000 ** (-exponents / (channels // 4)) * 8
    angles = place[..., None] * frequencies  # (..., 2, channels / 4)
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def _start(heads: int) -> Tensor:
    """(heads, K, 2): a direction per head, the points 1 to K cells away."""
    radii = torch.arange(1, POINTS_PER_HEAD + 1)[:, None]
    return ring(heads)[:, None] * radii
