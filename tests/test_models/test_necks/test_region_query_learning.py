"""The neck of DF2RQ learns which modality to trust and what is displaced."""

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import nn

from region_query import build


def test_it_learns_which_modality_tells_what():
    """Left of the map one modality is right, right of it the other."""
    torch.manual_seed(0)
    names = ('opt', 'sar')
    neck = build(
        names, moved=False, in_channels=(8,), region_sizes=(4,), channels=16
    )
    head = nn.Conv2d(8, 2, 1)
    parameters = [*neck.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2)
    for _ in range(150):
        label = torch.randint(0, 2, (4, 4, 4))
        label = label.repeat_interleave(4, 1).repeat_interleave(4, 2)
        maps = {m: torch.randn(4, 8, 16, 16) for m in names}
        left = torch.arange(16) < 8
        for m, known in zip(names, (left, ~left), strict=True):
            signal = torch.where(known, 2.0 * label - 1, 0)
            maps[m][:, 0] = 3 * signal + 0.1 * torch.randn_like(signal)
            maps[m][:, 1] = torch.where(known, 2.0, -2.0)  # how sure
            maps[m][:, 0] += torch.where(known, 0.0, 3.0) * torch.randn(
                4, 16, 16
            )
        (result,) = neck.explain({m: (x,) for m, x in maps.items()})
        loss = nn.functional.cross_entropy(head(result.fused), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weight = result.weights[:, 0].mean(dim=(0, 1))  # of opt, by column
    assert weight[:6].min() > 0.7
    assert weight[10:].max() < 0.3


def displaced(number=8, side=24, block=8, shift=2):
    """Labels, and maps of two modalities of which one shows them displaced.

    Each tells two of four classes from the rest; what ``sar`` shows lies
    ``shift`` cells to the right.
    """
    blocks = torch.randint(0, 4, (number, *(side // block + 2,) * 2))
    big = blocks.repeat_interleave(block, 1).repeat_interleave(block, 2)
    top, left = torch.randint(abs(shift), block, (2,)).tolist()
    rows = slice(top, top + side)
    label = big[:, rows, left : left + side]
    seen = big[:, rows, left - shift : left - shift + side]
    maps = {}
    for m, truth, classes in (('opt', label, (0, 1)), ('sar', seen, (2, 3))):
        maps[m] = 0.5 * torch.randn(number, 8, side, side)
        for c in classes:
            maps[m][:, c] += 2.0 * (truth == c)
    return maps, label


def test_it_finds_a_displacement():
    """Nobody tells it; the segmentation is better where objects agree."""
    torch.manual_seed(0)
    neck = build(
        ('opt', 'sar'),
        moved=False,
        in_channels=(8,),
        region_sizes=(4,),
        weigh=False,
    )
    head = nn.Conv2d(8, 4, 1)
    parameters = [*neck.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=5e-3)
    for _ in range(200):
        maps, label = displaced()
        (result,) = neck.explain({m: (x,) for m, x in maps.items()})
        loss = nn.functional.cross_entropy(head(result.fused), label)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    moved = {
        m: (found.gates[..., None] * found.offsets).sum(dim=-2)
        for m, found in result.reconstructions.items()
    }
    moved = {m: x.mean(dim=(0, 1, 2)).tolist() for m, x in moved.items()}
    along, across = moved['sar']
    assert 1.5 < along < 2.5 and abs(across) < 0.3
    assert abs(moved['opt'][0]) < 0.4 and abs(moved['opt'][1]) < 0.4


def test_matching_finds_displacements_that_differ():
    """By how much one modality is displaced, only a comparison can tell."""
    torch.manual_seed(0)
    neck = build(
        ('opt', 'sar'),
        moved=False,
        in_channels=(8,),
        region_sizes=(4,),
        weigh=False,
        match=True,
        num_classes=4,
    )
    head = nn.Conv2d(8, 4, 1)
    parameters = [*neck.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2)
    for _ in range(120):
        shifts = torch.randint(-2, 3, (6,))
        tiles = [displaced(1, shift=shift) for shift in shifts.tolist()]
        maps = {
            m: (torch.cat([maps[m] for maps, _ in tiles]),)
            for m in ('opt', 'sar')
        }
        label = torch.cat([label for _, label in tiles])
        truth = [
            SegDataSample(gt_sem_seg=PixelData(data=x[None])) for x in label
        ]
        (fused,), losses = neck.fuse_with_losses(maps, truth)
        loss = nn.functional.cross_entropy(head(fused), label)
        optimizer.zero_grad()
        (loss + sum(losses.values())).backward()
        optimizer.step()
    (result,) = neck.explain(maps)
    moves = {m: x.mean(dim=(1, 2)) for m, x in result.displacements.items()}
    along, across = (moves['sar'] - moves['opt']).detach().T
    assert torch.corrcoef(torch.stack([along, shifts]))[0, 1] > 0.8
    assert across.abs().max() < 0.5 < along.abs().max()
