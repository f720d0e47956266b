"""A run goes on with the optimiser that it was interrupted with."""

import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import (
    CosineAnnealingLR,
    LinearLR,
    OptimWrapper,
    OptimWrapperDict,
    ReduceOnPlateauLR,
)
from mmseg.registry import HOOKS
from torch import nn

from multimodal_rs.engine.resumed_optimizer import (
    compare_optimizers,
    compare_schedules,
)


def wrapped(kind: type, count: int = 2, groups: int = 1, **settings):
    tensors = [nn.Parameter(torch.ones(3)) for _ in range(count)]
    parts = [dict(params=tensors[i::groups]) for i in range(groups)]
    optimizer = kind(parts, lr=0.1, **settings)
    for group in optimizer.param_groups:
        group['initial_lr'] = group['lr']
    return OptimWrapper(optimizer)


def test_same_optimizer_is_taken_whatever_the_schedule_did() -> None:
    state = wrapped(torch.optim.SGD, momentum=0.9).state_dict()
    state['param_groups'][0]['lr'] = 0.001
    now = wrapped(torch.optim.SGD, momentum=0.9)
    assert compare_optimizers(now, state) == []
    # As a later version of torch may have it.
    del state['param_groups'][0]['fused']
    assert compare_optimizers(now, state) == []


def test_numbers_that_the_checkpoint_replaces_are_named() -> None:
    state = wrapped(torch.optim.SGD, momentum=0.9).state_dict()
    state['param_groups'][0]['initial_lr'] = 0.5
    now = wrapped(torch.optim.SGD, momentum=0.5)
    assert compare_optimizers(now, state) == [
        f'optim_wrapper: {text} of the config'
        for text in (
            'initial_lr=0.5 of the checkpoint, not 0.1',
            'momentum=0.9 of the checkpoint, not 0.5',
        )
    ]


def test_numbers_of_a_schedule_are_not_compared() -> None:
    state = wrapped(torch.optim.AdamW, betas=(0.8, 0.99)).state_dict()
    now = wrapped(torch.optim.AdamW)
    assert len(compare_optimizers(now, state)) == 1
    state['param_groups'][0]['initial_betas'] = (0.9, 0.999)
    assert compare_optimizers(now, state) == []


@pytest.mark.parametrize(
    'kind, settings, message',
    [
        (torch.optim.AdamW, {}, r"state of AdamW, with .*'betas'.*momentum"),
        (torch.optim.SGD, dict(groups=2), '2 groups of .* 2 tensors.* has 1'),
        (torch.optim.SGD, dict(count=3), '1 groups of .* 3 tensors.* with 2'),
    ],
)
def test_another_optimizer_is_refused(kind, settings, message) -> None:
    state = wrapped(torch.optim.SGD).state_dict()
    with pytest.raises(ValueError, match=message):
        compare_optimizers(wrapped(kind, **settings), state)


def test_several_optimizers_are_compared_by_name() -> None:
    parts = dict(g=wrapped(torch.optim.SGD), d=wrapped(torch.optim.AdamW))
    now = OptimWrapperDict(**parts)
    assert compare_optimizers(now, now.state_dict()) == []
    swapped = OptimWrapperDict(g=parts['d'], d=parts['g']).state_dict()
    with pytest.raises(ValueError, match=r'optim_wrapper\.g'):
        compare_optimizers(now, swapped)
    with pytest.raises(ValueError, match=r"\['g', 'd'\].* has \['g'\]"):
        compare_optimizers(now, dict(g=swapped['g']))


def schedules(end: int = 7) -> list:
    optimizer = wrapped(torch.optim.SGD).optimizer
    return [
        LinearLR(optimizer, start_factor=0.1, end=2),
        CosineAnnealingLR(optimizer, T_max=end - 2, begin=2, end=end),
        ReduceOnPlateauLR(optimizer, monitor='mIoU', patience=end),
    ]


def test_numbers_of_schedules_are_named_too() -> None:
    before = schedules()
    for step in range(4):
        for schedule in before[:2]:
            schedule.step()
        before[2].step(dict(mIoU=step))
    states = [schedule.state_dict() for schedule in before]
    assert compare_schedules(schedules(), states) == []
    assert compare_schedules(schedules(9), states) == [
        f'param_scheduler.{text} of the config'
        for text in (
            '1: T_max=5 of the checkpoint, not 7',
            '1: end=7 of the checkpoint, not 9',
            '2: patience=7 of the checkpoint, not 9',
        )
    ]
    named = dict(g=schedules(9))
    (first, *_) = compare_schedules(named, dict(g=states))
    assert first.startswith('param_scheduler.g.1: T_max=5')


def test_other_schedules_are_refused() -> None:
    states = [schedule.state_dict() for schedule in schedules()]
    assert compare_schedules(None, []) == []
    for now in (schedules()[:2], schedules()[::-1], None, dict(g=schedules())):
        with pytest.raises(ValueError, match='param_scheduler: expected'):
            compare_schedules(now, states)


def test_runs_that_go_on_are_compared(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hook = HOOKS.build(dict(type='ReproducibleRunHook'))
    runner = SimpleNamespace(
        _resume=True,
        optim_wrapper=wrapped(torch.optim.SGD, momentum=0.5),
        param_schedulers=schedules(),
        logger=logging.getLogger('test'),
    )
    state = wrapped(torch.optim.SGD, momentum=0.9).state_dict()
    states = [schedule.state_dict() for schedule in schedules(9)]
    checkpoint = dict(optimizer=state, param_schedulers=states)
    hook.after_load_checkpoint(runner, checkpoint)
    assert '--resume goes on with optim_wrapper: momentum=0.9' in caplog.text
    assert '--resume goes on with param_scheduler.1: T_max=7' in caplog.text
    checkpoint = dict(optimizer=wrapped(torch.optim.AdamW).state_dict())
    with pytest.raises(ValueError, match='state of SGD'):
        hook.after_load_checkpoint(runner, checkpoint)
    runner.optim_wrapper = dict(type='OptimWrapper')  # as in a test
    hook.after_load_checkpoint(runner, checkpoint)
    runner.optim_wrapper = wrapped(torch.optim.SGD)
    runner._resume = False  # load_from: weights only
    hook.after_load_checkpoint(runner, checkpoint)
