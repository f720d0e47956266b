"""Checkpoints that hold tensors and plain Python data only."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.utils.plain import plain


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Keep pickled code and numpy scalars out of the checkpoint.

    ``torch.load`` with ``weights_only=True``, the default from torch 2.6 on,
    refuses both. mmengine's log buffers pickle references to methods: they
    are left out. Everything that a resumed run needs (weights, optimizer,
    schedules, best score) stays; only the moving averages in the log start
    anew. Numbers that mmengine keeps as numpy scalars become Python numbers.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Make the checkpoint plain."""
        hub = dict(checkpoint['message_hub'], log_scalars={})
        checkpoint['message_hub'] = plain(hub)
