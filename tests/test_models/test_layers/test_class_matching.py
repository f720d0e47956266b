"""Displacements from comparing what modalities say about the class."""

import pytest
import torch

from multimodal_rs.models.layers.class_matching import ClassMatching, Matches
from multimodal_rs.models.layers.region_grid import RegionGrid

CLASSES, SIDE, REGION = 4, 32, 4
GRID = RegionGrid((SIDE, SIDE), REGION)
NAMES = ('opt', 'sar', 'dem')


def seen(blocks, right, down):
    """Logits of a sensor that shows the blocks ``right`` and ``down``."""
    big = blocks.repeat_interleave(5, 1).repeat_interleave(5, 2)
    shown = big[:, 3 - down :, 3 - right :][:, :SIDE, :SIDE]
    logits = torch.nn.functional.one_hot(shown, CLASSES).movedim(-1, 1)
    return 6.0 * logits + torch.randn(logits.shape)


@pytest.fixture
def matching():
    torch.manual_seed(0)
    return ClassMatching(NAMES, CLASSES, CLASSES, REGION)


@pytest.fixture
def blocks(matching):
    return torch.randint(0, CLASSES, (2, 8, 8))


@torch.no_grad()
@pytest.mark.parametrize('right, down', [(0, 0), (2, 0), (-1, 2), (1, -1)])
def test_it_says_where_the_others_are_seen(matching, blocks, right, down):
    moved = torch.tensor([right, down], dtype=torch.float32)
    logits = dict(opt=seen(blocks, 0, 0), sar=seen(blocks, right, down))
    matches = matching.compare(logits)
    assert matches['sar'].shape == (2, GRID.rows, GRID.columns, 2)
    inner = matches['sar'][:, 1:-1, 1:-1]
    torch.testing.assert_close(
        inner, moved.expand_as(inner), rtol=0, atol=0.25
    )
    inner = matches['opt'][:, 1:-1, 1:-1]
    torch.testing.assert_close(
        inner, -moved.expand_as(inner), rtol=0, atol=0.25
    )


@torch.no_grad()
def test_every_place_has_its_own_displacement(matching, blocks):
    sar = seen(blocks, 1, 0)
    sar[:, :, :, SIDE // 2 :] = seen(blocks, -1, 0)[:, :, :, SIDE // 2 :]
    match = matching.compare(dict(opt=seen(blocks, 0, 0), sar=sar))['sar']
    assert (match[:, :, :2, 0] > 0.7).all()
    assert (match[:, :, -2:, 0] < -0.7).all()


@torch.no_grad()
def test_what_is_missing_is_not_compared(matching, blocks):
    logits = dict(opt=seen(blocks, 0, 0), sar=seen(blocks, 2, 0))
    both = matching.compare(logits)
    three = dict(logits, dem=torch.randn(2, CLASSES, SIDE, SIDE))
    there = torch.ones(2, dtype=torch.bool)
    matches = matching.compare(three, dict(opt=there, sar=there, dem=~there))
    for m, match in both.items():
        torch.testing.assert_close(matches[m], match)
    alone = matching.compare(three, dict(opt=~there, sar=there, dem=~there))
    torch.testing.assert_close(
        alone['sar'], torch.zeros_like(both['sar']), rtol=0, atol=1e-5
    )


def test_only_its_own_parameters_learn(matching):
    maps = {
        m: torch.randn(1, CLASSES, SIDE, SIDE, requires_grad=True)
        for m in NAMES
    }
    found = matching(maps)
    total = sum(x.square().sum() for x in found.vectors.values())
    (total + sum(x.square().sum() for x in found.logits.values())).backward()
    assert all(x.grad is None for x in maps.values())
    assert all(p.grad.abs().sum() > 0 for p in matching.parameters())


def test_another_level_reads_them_in_its_own_cells():
    vectors = dict(sar=torch.tensor([2.0, -1.0]).expand(1, 4, 6, 2))
    matches = Matches({}, vectors, (16, 24))
    same = matches.at('sar', RegionGrid((16, 24), 4))
    torch.testing.assert_close(same, vectors['sar'])
    coarse = matches.at('sar', RegionGrid((4, 6), 1))
    torch.testing.assert_close(coarse, vectors['sar'] / 4)
    # Regions of another size, as where a map has been padded.
    other = matches.at('sar', RegionGrid((8, 12), 4))
    assert other.shape == (1, 2, 3, 2)
    torch.testing.assert_close(
        other, torch.tensor([1.0, -0.5]).expand_as(other)
    )
