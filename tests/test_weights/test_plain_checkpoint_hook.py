"""What is written can be read without running code, or is not written."""

from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.optim import OneCycleLR, OptimWrapper
from torch import nn

from multimodal_rs.weights.plain_checkpoint_hook import PlainCheckpointHook
from small_run import make_runner

HOOK = PlainCheckpointHook()


class Curve:
    """What a schedule of a user might keep."""

    def __init__(self, power):
        self.power = power


def schedule():
    layer = nn.Conv2d(1, 1, 1)
    wrapper = OptimWrapper(torch.optim.SGD(layer.parameters(), lr=0.1))
    return OneCycleLR(wrapper, eta_max=1.0, total_steps=6, by_epoch=False)


def checkpoint(schedules):
    hub = dict(
        log_scalars=dict(loss=schedule),
        runtime_info=OrderedDict(best_score=np.float32(1.5), names=('a', 'b')),
        resumed_keys=dict(loss=True, best_score=True),
    )
    return dict(
        meta=dict(epoch=1, dataset_meta=dict(classes=('a', 'b'))),
        state_dict=OrderedDict(weight=torch.ones(2)),
        message_hub=hub,
        param_schedulers=schedules,
    )


@pytest.mark.parametrize('several', [False, True])
def test_one_cycle_is_saved_and_goes_on(several, tmp_path):
    first, uninterrupted = schedule(), schedule()
    for _ in range(2):
        first.step(), uninterrupted.step()
    states = [first.state_dict()]
    content = checkpoint(dict(main=states) if several else states)
    HOOK.before_save_checkpoint(None, content)
    torch.save(content, tmp_path / 'c.pth')
    content = torch.load(tmp_path / 'c.pth', weights_only=True)
    hub = content['message_hub']
    assert hub['runtime_info']['best_score'] == 1.5
    assert hub['resumed_keys'] == dict(best_score=True)  # nothing of the log
    saved = content['param_schedulers']
    (state,) = saved['main'] if several else saved
    resumed = schedule()
    resumed.load_state_dict(state)
    for _ in range(3):
        resumed.step(), uninterrupted.step()
        assert resumed.get_last_value() == uninterrupted.get_last_value()


@pytest.mark.parametrize('several', [False, True])
def test_an_object_is_refused_before_training(several):
    odd = schedule()
    odd.curve = Curve(2)
    schedules = dict(main=[odd]) if several else [odd]
    with pytest.raises(TypeError, match='param_schedulers.*curve is a '):
        HOOK.before_train(SimpleNamespace(param_schedulers=schedules))
    HOOK.before_train(SimpleNamespace(param_schedulers=None))
    HOOK.before_train(SimpleNamespace(param_schedulers=[schedule()]))


def test_an_object_elsewhere_is_refused_when_saving():
    content = checkpoint([])
    content['optimizer'] = dict(state={0: dict(curve=Curve(1))})
    with pytest.raises(TypeError, match=r'optimizer.state.0.curve is a'):
        HOOK.before_save_checkpoint(None, content)


@pytest.mark.parametrize('guarded', [True, False])
def test_a_config_in_a_checkpoint_is_not_run(guarded, tmp_path):
    hook = dict(type='WholeCheckpointHook', interval=1)
    make_runner(tmp_path, 1, hook).train()
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(path, weights_only=True)
    harm = tmp_path / 'harm'
    content['meta']['config'] = f'__import__("os").mkdir({str(harm)!r})'
    torch.save(content, path)
    runner = make_runner(tmp_path, 2, hook, path)
    if not guarded:
        runner._hooks = [h for h in runner.hooks if type(h) is not type(HOOK)]
    runner.train()
    assert runner.epoch == 2
    # Without the hook mmengine runs it: the trial can fail.
    assert harm.exists() != guarded
