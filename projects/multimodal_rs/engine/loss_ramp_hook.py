"""Weight of losses that begin later than the others."""

from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS

from multimodal_rs.utils.wrappers import unwrapped


@HOOKS.register_module()
class LossRampHook(Hook):
    """Let ``ramp`` of a network grow from 0 to 1 over some epochs.

    It is a function of the epoch, so that a resumed run goes on as it was.

    Args:
        begin (int): Epochs in which it is 0.
        length (int): Epochs after them until it is 1.

    Raises:
        AttributeError: If the network has no such factor.
        ValueError: If the run counts iterations: its epoch would stay 0.
    """

    def __init__(self, begin: int = 10, length: int = 10) -> None:
        self.begin = begin
        self.length = length

    def before_train(self, runner: Runner) -> None:
        """Refuse a loop over iterations."""
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                'LossRampHook: it counts epochs, but the run counts '
                'iterations, so that the losses would never grow: set '
                'train_cfg=dict(by_epoch=True, max_epochs=...), or take the '
                'hook out of custom_hooks'
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Write the value of this epoch."""
        model = unwrapped(runner.model)
        if not hasattr(model, 'ramp'):
            raise AttributeError(
                f'LossRampHook: {type(model).__name__} has no losses with a '
                'ramp: take the hook out of custom_hooks'
            )
        done = (runner.epoch - self.begin + 1) / max(self.length, 1)
        model.ramp = min(max(done, 0.0), 1.0)
