"""An optimiser for each part: names, precision, processes, the ramp."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmseg.registry import HOOKS
from torch import nn

SGD = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))


class TwoParts(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(2, 3)
        self.two = nn.Linear(3, 1)

    def optimized_parts(self):
        return dict(one=self.one, two=self.two)


def make(model=None, **entries):
    kind = dict(constructor='NamedOptimWrapperConstructor')
    return build_optim_wrapper(model or TwoParts(), kind | entries)


def test_each_part_has_its_optimiser():
    model = TwoParts()
    other = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=0.01))
    wrappers = make(model, two=other, one=SGD)
    for name, part in model.optimized_parts().items():
        (group,) = wrappers[name].param_groups
        assert set(group['params']) == set(part.parameters())
    assert isinstance(wrappers['two'].optimizer, torch.optim.Adam)
    assert wrappers.get_lr() == {'one.lr': [0.1], 'two.lr': [0.01]}


def test_names_have_to_agree():
    with pytest.raises(ValueError, match=r"parts \['one', 'two'\].*\['one'\]"):
        make(one=SGD)
    with pytest.raises(ValueError, match=r"\['one', 'three', 'two'\]"):
        make(one=SGD, two=SGD, three=SGD)
    assert set(make(one=SGD, two=SGD, three=None).keys()) == {'one', 'two'}
    with pytest.raises(ValueError, match='paramwise_cfg'):
        make(one=SGD, two=SGD, paramwise_cfg=dict(bias_lr_mult=2))


def test_mixed_precision_is_refused():
    amp = dict(SGD, type='AmpOptimWrapper')
    with pytest.raises(ValueError, match=r'optim_wrapper\.two.*leave --amp'):
        make(one=SGD, two=amp)


def test_several_processes_are_refused():
    wrapped = MMDistributedDataParallel.__new__(MMDistributedDataParallel)
    nn.Module.__init__(wrapped)
    wrapped.module = TwoParts()
    with pytest.raises(ValueError, match='single process'):
        make(wrapped, one=SGD, two=SGD)


def test_ramp():
    hook = HOOKS.build(dict(type='LossRampHook', begin=2, length=4))
    model = SimpleNamespace(ramp=1.0)
    values = []
    for epoch in range(8):
        hook.before_train_epoch(SimpleNamespace(model=model, epoch=epoch))
        values.append(model.ramp)
    assert values == [0, 0, 0.25, 0.5, 0.75, 1, 1, 1]
    with pytest.raises(AttributeError, match='no losses with a ramp'):
        hook.before_train_epoch(SimpleNamespace(model=nn.Linear(1, 1)))


def test_a_ramp_over_epochs_needs_epochs():
    """Over iterations it would have stayed 0 to the end."""
    hook = HOOKS.build(dict(type='LossRampHook'))
    loops = IterBasedTrainLoop, EpochBasedTrainLoop
    by_iteration, by_epoch = (
        SimpleNamespace(train_loop=loop.__new__(loop)) for loop in loops
    )
    with pytest.raises(ValueError, match='counts iterations.*max_epochs'):
        hook.before_train(by_iteration)
    hook.before_train(by_epoch)
