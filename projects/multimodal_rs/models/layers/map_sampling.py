"""Values of a map at any positions."""

import math

import torch
from torch import Tensor
from torch.nn import functional


def sample_map(x: Tensor, positions: Tensor) -> Tensor:
    """Interpolate a map bilinearly; beyond the border its edge continues.

    Args:
        x: (B, C, H, W).
        positions: (B, P, Q, 2), x and y in cells; (0, 0) is the middle of the
            first cell.

    Returns:
        (B, C, P, Q), of the type of ``x``.
    """
    height, width = x.shape[2:]
    size = positions.new_tensor([width, height], dtype=torch.float32)
    # Half precision has too few digits for a position in a large map.
    grid = (2 * positions.float() + 1) / size - 1
    sampled = functional.grid_sample(
        x.float(),
        grid,
        mode='bilinear',
        padding_mode='border',
        align_corners=False,
    )
    return sampled.to(x.dtype)


def cell_positions(size: tuple[int, int], like: Tensor) -> Tensor:
    """(H, W, 2), x and y of every cell, on the device of ``like``."""
    rows, columns = (
        torch.arange(n, dtype=torch.float32, device=like.device) for n in size
    )
    y, x = torch.meshgrid(rows, columns, indexing='ij')
    return torch.stack([x, y], dim=-1)


def ring(points: int, radius: float = 1.0) -> Tensor:
    """(points, 2), offsets in equal steps on a circle."""
    angles = torch.arange(points) * (2 * math.pi / points)
    return radius * torch.stack([angles.cos(), angles.sin()], dim=-1)
