"""Weights of another run, from which a run starts."""

import os.path as osp

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from multimodal_rs.utils.wrappers import unwrapped
from multimodal_rs.weights.checkpoint_files import require_whole
from multimodal_rs.weights.modality_order import check_order
from multimodal_rs.weights.transfer import transfer
from multimodal_rs.weights.trust import load_weights
from multimodal_rs.weights.work_dirs import best_checkpoint


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
        """Load, unless the run goes on from a checkpoint of its own.

        Raises:
            ValueError: If it is of another network, or was trained with
                modalities or bands in another order.
        """
        if runner.iter > 0:
            return
        path = self.checkpoint
        if osp.isdir(path):
            path = str(best_checkpoint(path))
        model = unwrapped(runner.model)
        require_whole(path)
        source = load_weights(path)
        check_order(source, model)
        report = transfer(source.get('state_dict', source), model, path)
        print_log(f'weights of {path}: {report}', 'current')
