"""Batch norms of a training in several processes."""

from collections.abc import Mapping

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from multimodal_rs.utils.wrappers import unwrapped


@HOOKS.register_module()
class SharedNormHook(Hook):
    """Let all processes of a training keep the same batch-norm statistics.

    Each process normalises by its own batch. Without this hook, each would
    also keep running statistics of its own and validate with them, while the
    checkpoint has those of the first: the score would be of no network that
    there is. After each iteration they become the mean over the processes.
    Synchronised batch norms (``sync_bn``) are left alone, and so are those
    that do not train.
    """

    # Before hooks that copy weights (EMAHook) or save them.
    priority = 'ABOVE_NORMAL'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Mapping | None = None,
    ) -> None:
        """Average the running means and variances."""
        if get_world_size() == 1:
            return
        statistics = [
            x
            for norm in unwrapped(runner.model).modules()
            if isinstance(norm, _BatchNorm)
            and not isinstance(norm, nn.SyncBatchNorm)
            and norm.training
            and norm.track_running_stats
            for x in (norm.running_mean, norm.running_var)
        ]
        if statistics:
            all_reduce_params(statistics, op='mean')
