"""What a kill has cut off is made up for; no augmentation comes twice."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import BaseDataset, RepeatDataset
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmseg.registry import HOOKS

from multimodal_rs.engine import reproducible_run_hook


def repeated(kind, done, end, interval, begin=1):
    """Whether a run resumed after ``done`` epochs or iterations validates."""
    loop = kind.__new__(kind)
    loop._max_epochs = loop._max_iters = end
    loop.val_interval, loop.val_begin = interval, begin
    calls = []
    by_epoch = kind is EpochBasedTrainLoop
    runner = SimpleNamespace(
        train_loop=loop,
        val_loop=SimpleNamespace(run=lambda: calls.append(1)),
        epoch=done if by_epoch else 0,
        iter=10 * done if by_epoch else done,
        seed=3,
        train_dataloader=SimpleNamespace(dataset=None),
        logger=logging.getLogger('test'),
    )
    HOOKS.build(dict(type='ReproducibleRunHook')).before_train(runner)
    return len(calls) == 1


@pytest.mark.parametrize('kind', [EpochBasedTrainLoop, IterBasedTrainLoop])
@pytest.mark.parametrize(
    'done, interval, begin, expected',
    [
        (0, 2, 1, False),
        (1, 2, 1, False),
        (2, 2, 1, True),
        (2, 2, 3, False),
        (5, 2, 1, True),  # the last one is validated in any case
    ],
)
def test_what_was_due_is_repeated(kind, done, interval, begin, expected):
    assert repeated(kind, done, 5, interval, begin) == expected


class Drawn(BaseDataset):
    """A sample is how often it was drawn, which seeds its augmentation."""

    def load_data_list(self):
        self.draws = torch.zeros(2, dtype=torch.int64)
        return [{}, {}]

    def prepare_data(self, idx):
        self.draws[idx] += 1
        return idx, int(self.draws[idx]) - 1


def epochs(first, last, times, rank=0, kind=EpochBasedTrainLoop):
    """Draw all samples of some epochs in one process."""
    dataset = Drawn(serialize_data=False)
    if times > 1:
        dataset = RepeatDataset(dataset, times)
    hook = HOOKS.build(dict(type='ReproducibleRunHook'))
    loop = kind.__new__(kind)
    loader = SimpleNamespace(dataset=dataset, sampler=None)
    drawn = []
    for epoch in range(first, last):
        hook.before_train_epoch(
            SimpleNamespace(
                train_dataloader=loader,
                train_loop=loop,
                epoch=epoch,
                iter=0,
                rank=rank,
            )
        )
        drawn.append([dataset[i] for i in range(len(dataset))])
    return drawn


@pytest.mark.parametrize('times', [1, 3])
def test_no_epoch_repeats_the_augmentation_of_another(times):
    """Of a repeated dataset, an epoch took all but one of the last one."""
    drawn = epochs(0, 4, times)
    samples = [sample for epoch in drawn for sample in epoch]
    assert len(set(samples)) == len(samples) == 4 * 2 * times
    assert epochs(2, 4, times) == drawn[2:]  # resumed
    if times == 1:
        assert drawn[3] == [(0, 3), (1, 3)]


def test_no_process_repeats_the_augmentation_of_another(monkeypatch):
    """A sample of a repeated dataset may be drawn in both."""
    monkeypatch.setattr(reproducible_run_hook, 'get_world_size', lambda: 2)
    both = [epochs(0, 3, 2, rank) for rank in range(2)]
    samples = [s for drawn in both for epoch in drawn for s in epoch]
    assert len(set(samples)) == len(samples)
    # Loops over iterations give a sample to one process after the other.
    both = [epochs(0, 1, 1, rank, IterBasedTrainLoop) for rank in range(2)]
    samples = [s for drawn in both for epoch in drawn for s in epoch]
    assert len(set(samples)) == len(samples) == 4
    assert epochs(1, 3, 1, rank=1) == [[(0, 1), (1, 1)], [(0, 2), (1, 2)]]
