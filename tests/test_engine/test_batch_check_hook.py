"""Training data that makes no batch, or one that batch norm cannot use."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmseg.registry import HOOKS
from torch import nn
from torch.utils.data import DataLoader

ASPP = nn.Sequential(
    nn.Conv2d(3, 4, 1),
    nn.ModuleDict(
        dict(
            pool=nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)),
            )
        )
    ),
)
PLAIN = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
EXCITATION = nn.Sequential(
    nn.BatchNorm2d(3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 3, 1)
)


def check(tiles, batch_size, model=PLAIN, drop_last=True, sampler=None):
    hook, runner = hook_and_runner(
        tiles, batch_size, model, drop_last, sampler
    )
    hook.before_train(runner)
    hook.after_train(runner)


def hook_and_runner(tiles, batch_size, model, drop_last, sampler=None):
    kind = sampler or DefaultSampler
    data = list(range(tiles))
    loader = DataLoader(
        data, batch_size, sampler=kind(data, seed=0), drop_last=drop_last
    )
    runner = SimpleNamespace(train_dataloader=loader, model=model)
    return HOOKS.build(dict(type='BatchCheckHook')), runner


def test_fewer_tiles_than_a_batch():
    with pytest.raises(
        ValueError, match='24 tiles, batch_size=32, drop_last=True make no'
    ):
        check(24, 32)
    check(24, 32, drop_last=False)
    check(24, 24)


def test_no_tile_at_all():
    with pytest.raises(ValueError, match='0 tiles, .* make no iteration'):
        check(0, 2, sampler=InfiniteSampler)


def test_an_endless_sampler_fills_every_batch():
    check(3, 8, ASPP, drop_last=False, sampler=InfiniteSampler)


@pytest.mark.parametrize(
    ('tiles', 'batch_size', 'drop_last'), [(8, 1, True), (9, 4, False)]
)
def test_batch_of_one_tile(tiles, batch_size, drop_last):
    with pytest.raises(ValueError, match=r'average 1.pool.0 needs at least 2'):
        check(tiles, batch_size, ASPP, drop_last)
    check(tiles, batch_size, PLAIN, drop_last)
    check(tiles, batch_size, EXCITATION, drop_last)


def test_larger_batches():
    check(9, 4, ASPP, drop_last=True)
    check(10, 4, ASPP, drop_last=False)
    check(8, 4, ASPP, drop_last=False)


def test_a_map_that_shrinks_to_one_cell():
    strided = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.BatchNorm2d(4))
    crop = torch.rand(1, 3, 8, 8)
    hook, runner = hook_and_runner(9, 4, strided, drop_last=False)
    hook.before_train(runner)
    message = r'^1: .*got \(1, 4, 1, 1\): .*larger crops.*drop_last=True'
    with pytest.raises(ValueError, match=message):
        strided(crop)
    strided(torch.rand(1, 3, 16, 8))
    strided(crop.expand(2, -1, -1, -1))
    strided.eval()(crop)
    hook.after_train(runner)
    with pytest.raises(ValueError, match='^Expected more than 1 value'):
        strided.train()(crop)
