"""Early stopping that survives a resume."""

import operator
from typing import ClassVar

from mmengine.hooks import EarlyStoppingHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ResumableEarlyStoppingHook(EarlyStoppingHook):
    """mmengine's early stopping, its state stored in the checkpoint.

    The original starts its patience anew after ``--resume``, and when a score
    equals the best one; here it has to be better, by more than ``min_delta``.
    Arguments as there: ``monitor``, ``rule``, ``patience``, ``min_delta``.
    """

    # Whether a score is no better than the best one.
    rule_map: ClassVar = {'greater': operator.ge, 'less': operator.le}

    KEY = 'early_stopping'
    # Between VERY_LOW, CheckpointHook, which writes the state from before the
    # validation, and LOWEST, ReproducibleRunHook, which repeats a validation
    # on resume: the state has to be restored by then.
    priority = 95

    def before_train(self, runner: Runner) -> None:
        """Restore the best score and the number of epochs waited."""
        state = runner.message_hub.runtime_info.get(self.KEY)
        if state is not None and runner.iter > 0:
            self.best_score = state['best_score']
            self.wait_count = state['wait_count']

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Decide whether to stop, then store the state."""
        super().after_val_epoch(runner, metrics)
        runner.message_hub.update_info(
            self.KEY,
            dict(
                best_score=float(self.best_score),
                wait_count=int(self.wait_count),
            ),
        )
