"""Checkpoints without pickled code."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Leave mmengine's log buffers out of the checkpoint.

    They pickle references to methods, which ``torch.load`` refuses with
    ``weights_only=True``, the default from torch 2.6 on. Everything that a
    resumed run needs (weights, optimizer, schedules, best score) stays; only
    the moving averages in the log start anew.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Drop the buffers."""
        checkpoint['message_hub'] = dict(
            checkpoint['message_hub'], log_scalars={}
        )
