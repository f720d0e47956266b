"""Start a run from the weights of another one."""

import os.path as osp
from collections.abc import Mapping
from dataclasses import dataclass

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import HOOKS
from torch import Tensor, nn

from multimodal_rs.utils.checkpoints import best_checkpoint


@dataclass
class TransferReport:
    """What happened to the tensors.

    Attributes:
        loaded: In both, copied.
        missing: Only in the network: they keep their random start.
        unused: Only in the checkpoint.
    """

    loaded: list[str]
    missing: list[str]
    unused: list[str]

    def __str__(self) -> str:
        lines = [f'{len(self.loaded)} tensors loaded']
        for name in ('missing', 'unused'):
            keys = getattr(self, name)
            listed = ''.join(f'\n    {key}' for key in keys)
            lines.append(f'  {len(keys)} {name}{":" if keys else ""}{listed}')
        return '\n'.join(lines)


@HOOKS.register_module()
class PretrainedWeightsHook(Hook):
    """Load weights before training and say which.

    For fine-tuning after :class:`ComplementaryMaskedModeling`, or after any
    run whose parameters have the same names. Unlike ``load_from``, which a
    run with ``--resume`` continues (optimiser, epoch and all), it leaves a
    resumed run alone; unlike ``init_cfg``, it does not accept a checkpoint of
    another network in silence.

    Args:
        checkpoint (str): File or URL, or the work directory of a run: its
            best checkpoint, else its last one.
    """

    def __init__(self, checkpoint: str) -> None:
        self.checkpoint = checkpoint

    def before_train(self, runner: Runner) -> None:
        """Load, unless the run goes on from a checkpoint of its own."""
        if runner.iter > 0:
            return
        path = self.checkpoint
        if osp.isdir(path):
            path = str(best_checkpoint(path))
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        source = CheckpointLoader.load_checkpoint(path, 'cpu')
        report = transfer(source.get('state_dict', source), model, path)
        print_log(f'weights of {path}: {report}', 'current')


def transfer(
    state: Mapping[str, Tensor], model: nn.Module, title: str
) -> TransferReport:
    """Copy all tensors that both sides have.

    Args:
        state: Of the checkpoint.
        model: Changed.
        title: What messages call the checkpoint.

    Raises:
        ValueError: If no tensor fits, or one has another shape.
    """
    target = model.state_dict()
    report = TransferReport(
        loaded=[k for k in target if k in state],
        missing=[k for k in target if k not in state],
        unused=[k for k in state if k not in target],
    )
    shapes = {
        key: (tuple(state[key].shape), tuple(target[key].shape))
        for key in report.loaded
    }
    wrong = {k: pair for k, pair in shapes.items() if pair[0] != pair[1]}
    if wrong or not report.loaded:
        detail = (
            f'shapes (checkpoint, network) differ: {wrong}'
            if wrong
            else f'it has {report.unused[:3]} ..., expected '
            f'{report.missing[:3]} ...'
        )
        raise ValueError(
            f'PretrainedWeightsHook: {title} is of another network, {detail}: '
            'fine-tune the network that was pretrained, with the same bands '
            'and, if it comes with a classifier, classes'
        )
    model.load_state_dict({k: state[k] for k in report.loaded}, strict=False)
    return report
