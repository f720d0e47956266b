"""Checkpoints that hold tensors and plain Python data only."""

import logging
from collections import OrderedDict
from collections.abc import Mapping

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from multimodal_rs.utils.plain import plain
from multimodal_rs.weights.trust import restrict_loading

LEAVES = (type(None), bool, int, float, complex, str, bytes, torch.Size)
LEAVES += (torch.dtype, torch.device)
SEQUENCES = (list, tuple, set)


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keep pickled code and numpy scalars out of the checkpoint.

    ``torch.load`` with ``weights_only=True``, the default from torch 2.6 on,
    refuses both. mmengine's log buffers pickle references to methods: they
    are left out. So are functions in the state of a schedule (OneCycleLR's
    curve), which its constructor sets again. Everything that a resumed run
    needs (weights, optimizer, schedules, best score) stays; only the moving
    averages in the log start anew. Numbers that mmengine keeps as numpy
    scalars become Python numbers.

    What is left of other kinds, an object of a user's schedule for instance,
    would make a checkpoint that no tool reads: before training where it can
    be known then, else when the checkpoint is saved, it is an error.
    """

    priority = 'LOWEST'  # after hooks that add to the checkpoint

    def before_run(self, runner: Runner) -> None:
        """Let the run read weights only, whichever tool has started it.

        mmengine calls it before it loads or resumes anything.
        """
        restrict_loading()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take out a config that mmengine would run.

        When it resumes, it reads ``meta['config']`` as a program, to compare
        the numbers of GPUs. Its own checkpoints have no such entry; those of
        its predecessor, and of whoever wants code to be run, have.
        """
        text = checkpoint.get('meta', {}).pop('config', None)
        if text is not None:
            print_log(
                "PlainCheckpointHook: the checkpoint's meta.config is left "
                'out, because mmengine would run it as a program',
                logger='current',
                level=logging.WARNING,
            )

    def before_train(self, runner: Runner) -> None:
        """Find schedules that cannot be saved."""
        schedules = runner.param_schedulers or []
        if isinstance(schedules, Mapping):
            states = {
                name: [s.state_dict() for s in several]
                for name, several in schedules.items()
            }
        else:
            states = [s.state_dict() for s in schedules]
        _require_plain(_without_functions(states), 'param_schedulers')

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make the checkpoint plain."""
        hub = dict(checkpoint['message_hub'], log_scalars={})
        # Of what is left out, mmengine would say in a line each that it is.
        hub['resumed_keys'] = {
            key: resumed
            for key, resumed in hub['resumed_keys'].items()
            if key in hub['runtime_info']
        }
        checkpoint['message_hub'] = plain(hub)
        if 'param_schedulers' in checkpoint:
            checkpoint['param_schedulers'] = _without_functions(
                checkpoint['param_schedulers']
            )
        for key, content in checkpoint.items():
            _require_plain(content, key)


def _without_functions(states: object) -> object:
    """Plain copies of the states of schedules, without what can be called."""
    if isinstance(states, Mapping):
        return {
            key: _without_functions(value)
            for key, value in states.items()
            if not callable(value)
        }
    if isinstance(states, (list, tuple)):
        return [_without_functions(v) for v in states if not callable(v)]
    return plain(states)


def _require_plain(content: object, where: str) -> None:
    """Refuse what a restricted reader refuses.

    Raises:
        TypeError: With the place and the type.
    """
    if isinstance(content, (Tensor, *LEAVES)):
        return
    if type(content) in (dict, OrderedDict):
        for key, value in content.items():
            _require_plain(key, f'{where}, a key')
            _require_plain(value, f'{where}.{key}')
    elif type(content) in SEQUENCES:
        for i, value in enumerate(content):
            _require_plain(value, f'{where}[{i}]')
    else:
        kind = type(content)
        raise TypeError(
            f'checkpoint: {where} is a {kind.__module__}.{kind.__qualname__}, '
            'expected tensors and plain Python data, which can be read '
            'without running code: let the schedule, optimizer or hook that '
            'keeps it save numbers, texts, lists and dicts'
        )
