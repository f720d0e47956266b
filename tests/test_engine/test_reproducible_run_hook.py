"""A validation that a kill has cut off is made up for on resume."""

import logging
from types import SimpleNamespace

import pytest
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmseg.registry import HOOKS


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
