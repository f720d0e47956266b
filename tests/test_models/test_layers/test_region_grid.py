"""Regions, the assignment of cells to them, and values between cells."""

import pytest
import torch

from multimodal_rs.models.layers.local_assignment import (
    LocalAssignment,
    spread,
)
from multimodal_rs.models.layers.map_sampling import (
    cell_positions,
    sample_map,
)
from multimodal_rs.models.layers.region_grid import RegionGrid

SIZES = [(8, 12), (7, 9), (1, 5), (4, 4)]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('region_size', [1, 3, 4])
def test_windows_and_back(size, region_size):
    grid = RegionGrid(size, region_size)
    x = torch.randn(2, *size, 3)
    windows = grid.windows(x)
    area = region_size**2
    assert windows.shape == (2, grid.rows, grid.columns, area, 3)
    assert torch.equal(grid.cells(windows), x)
    # The last cell of the last region repeats the edge of the map.
    assert torch.equal(windows[:, -1, -1, -1], x[:, -1, -1])
    assert torch.equal(windows[:, 0, 0, 0], x[:, 0, 0])


def test_neighbours_of_a_region():
    grid = RegionGrid((6, 8), 2)  # 3 x 4 regions
    values = torch.arange(12.0).reshape(1, 3, 4, 1)
    around = grid.neighbours(values)[0, ..., 0]
    assert around[1, 1].tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert around[0, 3].tolist() == [0, 0, 0, 2, 3, 0, 6, 7, 0]
    exists = grid.exists(values)
    assert exists[1, 1].all()
    assert exists[0, 3].tolist() == [False] * 3 + [True, True, False] * 2


def test_centres_and_distances():
    grid = RegionGrid((4, 6), 2)
    like = torch.zeros(1)
    centres = grid.centres(like)
    assert centres[1, 2].tolist() == [4.5, 2.5]  # x, y
    cells = grid.windows(cell_positions((4, 6), like)[None])[0]
    around = grid.neighbours(centres[None])[0]
    distances = grid.squared_distances(like)
    for row, column in ((0, 1), (1, 1)):
        exists = grid.exists(like)[row, column]
        difference = cells[row, column][:, None] - around[row, column]
        expected = difference.square().sum(-1) / 2**2
        torch.testing.assert_close(distances[:, exists], expected[:, exists])


@pytest.mark.parametrize('size', SIZES)
def test_a_constant_stays_constant(size):
    grid = RegionGrid(size, 3)
    assign = LocalAssignment(8)
    queries = torch.randn(2, grid.rows, grid.columns, 8)
    shares = assign(torch.randn(2, *size, 8), queries, grid)
    torch.testing.assert_close(shares.sum(-1), torch.ones_like(shares[..., 0]))
    ones = torch.ones(2, grid.rows, grid.columns, 2)
    expected = torch.ones(2, *size, 2)
    torch.testing.assert_close(spread(shares, ones, grid), expected)


def test_cells_go_to_the_region_that_is_like_them():
    """Not to the nearest: outlines of objects, not of the grid."""
    grid = RegionGrid((4, 8), 4)
    assign = LocalAssignment(2)
    assign.cell.weight.data = 30 * torch.eye(2)
    assign.region.weight.data = torch.eye(2)
    tokens = torch.zeros(1, 4, 8, 2)
    tokens[..., :6, 0] = 1  # the first object reaches into the second region
    tokens[..., 6:, 1] = 1
    queries = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]])
    shares = assign(tokens, queries, grid)
    number = torch.tensor([[[[0.0], [1.0]]]])
    found = spread(shares, number, grid)[0, :, :, 0]
    assert (found[:, :6] < 0.01).all() and (found[:, 6:] > 0.99).all()


def test_values_at_and_between_cells():
    x = torch.randn(2, 3, 5, 7)
    cells = cell_positions((5, 7), x).expand(2, -1, -1, -1)
    torch.testing.assert_close(sample_map(x, cells), x)
    between = torch.tensor([[[[2.5, 1.0], [-4.0, 3.0]]]]).expand(2, -1, -1, -1)
    found = sample_map(x, between)
    middle = (x[:, :, 1, 2] + x[:, :, 1, 3]) / 2
    torch.testing.assert_close(found[:, :, 0, 0], middle)
    torch.testing.assert_close(found[:, :, 0, 1], x[:, :, 3, 0])  # the edge
    half = sample_map(x.bfloat16(), cells)
    assert half.dtype == torch.bfloat16
    assert torch.equal(half, x.bfloat16())
