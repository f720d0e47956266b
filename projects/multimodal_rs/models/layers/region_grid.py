"""Squares of cells that cover a map, and the nine around each cell."""

import torch
from torch import Tensor
from torch.nn import functional


class RegionGrid:
    """Geometry of the regions of a map; it has no parameters.

    A region is a square of s x s cells; at the bottom and at the right it may
    reach beyond the map, where the last row and column are repeated. The nine
    regions around a cell are its own and those that touch it.

    Args:
        size: (H, W) of the map, in cells.
        region_size: s.

    Attributes:
        rows: Number of rows of regions.
        columns: Number of columns of regions.
    """

    def __init__(self, size: tuple[int, int], region_size: int) -> None:
        self.size = size
        self.region_size = region_size
        self.rows, self.columns = (-(-n // region_size) for n in size)

    def windows(self, cells: Tensor) -> Tensor:
        """Sort cells by region.

        Args:
            cells: (B, H, W, C).

        Returns:
            (B, rows, columns, s * s, C).
        """
        s = self.region_size
        for axis, number in ((1, self.rows * s), (2, self.columns * s)):
            length = cells.shape[axis]
            if number != length:
                index = torch.arange(number, device=cells.device)
                cells = cells.index_select(axis, index.clamp(max=length - 1))
        cells = cells.unflatten(2, (self.columns, s))
        cells = cells.unflatten(1, (self.rows, s))
        # (B, rows, s, columns, s, C)
        return cells.transpose(2, 3).flatten(3, 4)

    def cells(self, windows: Tensor) -> Tensor:
        """Undo :meth:`windows`: give (B, H, W, C)."""
        s = self.region_size
        cells = windows.unflatten(3, (s, s)).transpose(2, 3)
        cells = cells.flatten(3, 4).flatten(1, 2)
        return cells[:, : self.size[0], : self.size[1]]

    def neighbours(self, values: Tensor) -> Tensor:
        """Collect the values of the nine regions around each region.

        Args:
            values: (B, rows, columns, C).

        Returns:
            (B, rows, columns, 9, C), 0 outside of the map; row by row, the
            region itself is the fifth.
        """
        padded = functional.pad(values, (0, 0, 1, 1, 1, 1))
        return torch.stack(
            [
                padded[:, i : i + self.rows, j : j + self.columns]
                for i in range(3)
                for j in range(3)
            ],
            dim=3,
        )

    def exists(self, like: Tensor) -> Tensor:
        """(rows, columns, 9) bool: which of the nine regions there are."""
        ones = like.new_ones(1, self.rows, self.columns, 1)
        return self.neighbours(ones)[0, ..., 0] > 0

    def centres(self, like: Tensor) -> Tensor:
        """(rows, columns, 2), x and y of the middle of regions, in cells."""
        s = self.region_size
        rows, columns = (
            (torch.arange(n, device=like.device) + 0.5) * s - 0.5
            for n in (self.rows, self.columns)
        )
        y, x = torch.meshgrid(rows, columns, indexing='ij')
        return torch.stack([x, y], dim=-1)

    def squared_distances(self, like: Tensor) -> Tensor:
        """(s * s, 9), from cells to the nine centres, in units of s^2."""
        s = self.region_size
        place = (torch.arange(s, device=like.device) + 0.5) / s - 0.5
        step = torch.arange(-1, 2, device=like.device)
        along = (place[:, None] - step).square()  # (s, 3)
        both = along[:, None, :, None] + along[None, :, None, :]
        return both.reshape(s * s, 9)
