import logging
from types import SimpleNamespace

import pytest
from mmengine.logging import MessageHub
from mmengine.runner.priority import get_priority
from mmseg.registry import HOOKS

CFG = dict(
    type='ResumableEarlyStoppingHook',
    monitor='val/cross_entropy',
    rule='less',
    min_delta=0.0,
    patience=3,
)


def runner(hub, epoch):
    return SimpleNamespace(
        message_hub=hub,
        iter=10 * epoch,
        logger=logging.getLogger('test'),
        train_loop=SimpleNamespace(stop_training=False),
    )


def validate(hook, run, score):
    hook.after_val_epoch(run, {'val/cross_entropy': score})
    return run.train_loop.stop_training


def test_patience_goes_on_after_a_resume():
    hub = MessageHub('early-stopping-a')
    first = HOOKS.build(CFG)
    run = runner(hub, 0)
    first.before_train(run)
    assert not any(validate(first, run, s) for s in (1.0, 1.2, 1.1))

    saved = MessageHub('early-stopping-b')
    saved.load_state_dict(hub.state_dict())  # as through a checkpoint
    second = HOOKS.build(CFG)
    run = runner(saved, 3)
    second.before_train(run)
    assert validate(second, run, 1.05)  # the third without a lower loss


def test_a_new_run_starts_with_full_patience():
    hub = MessageHub('early-stopping-c')
    hub.update_info('early_stopping', dict(best_score=0.0, wait_count=2))
    hook = HOOKS.build(CFG)
    run = runner(hub, 0)
    hook.before_train(run)
    assert not validate(hook, run, 1.0)


def test_a_lower_loss_resets_the_patience():
    hook, run = HOOKS.build(CFG), runner(MessageHub('early-stopping-d'), 0)
    scores = (1.0, 1.1, 1.1, 0.9, 1.0, 1.0)
    assert not any(validate(hook, run, s) for s in scores)
    assert validate(hook, run, 0.9 + 1e-9)


@pytest.mark.parametrize('rule', ['less', 'greater'])
def test_an_equal_score_is_no_better_one(rule):
    hook = HOOKS.build(dict(CFG, rule=rule))
    run = runner(MessageHub(f'early-stopping-{rule}'), 0)
    assert [validate(hook, run, 1.0) for _ in range(4)] == [False] * 3 + [True]


def test_the_state_is_restored_before_a_validation_is_repeated():
    """And written by the next checkpoint, not by that of its validation."""
    kinds = ('CheckpointHook', CFG['type'], 'ReproducibleRunHook')
    order = [get_priority(HOOKS.get(kind).priority) for kind in kinds]
    assert order == sorted(set(order))
