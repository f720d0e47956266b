"""Make an interrupted run end like an uninterrupted one."""

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch.utils.data import Dataset


@HOOKS.register_module()
class ReproducibleRunHook(Hook):
    """Tie all randomness of training to seed, epoch and iteration.

    mmengine restores weights, optimizer and schedules on ``--resume``, but no
    random state. This hook

    - hands the run's seed and the epoch to the datasets, which seed every
      sample's augmentation from them;
    - seeds dropout before each iteration by (seed, iteration, rank);
    - repeats, after a resume, the validation that follows the checkpoint: the
      checkpoint is written before it, so its score (best checkpoint, early
      stopping) would be lost.

    Exact for epoch-based loops. In iteration-based ones the order of the
    samples is kept, but their augmentation counts from the resume.
    """

    # After CheckpointHook, whose before_train sets up its folder.
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Hand over the seed; repeat a lost validation."""
        for dataset in _datasets(runner.train_dataloader.dataset):
            dataset.seed = runner.seed
        loop, epoch = runner.train_loop, runner.epoch
        if epoch == 0 or runner.val_loop is None:
            return
        due = epoch >= loop.val_begin and (
            epoch % loop.val_interval == 0 or epoch == loop.max_epochs
        )
        if due and epoch < loop.max_epochs:
            runner.logger.info(f'repeat the validation of epoch {epoch}')
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the datasets how often each sample has been drawn."""
        for dataset in _datasets(runner.train_dataloader.dataset):
            dataset.draws.fill_(runner.epoch)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed dropout."""
        entropy = (runner.seed, runner.iter, runner.rank)
        state = np.random.SeedSequence(entropy).generate_state(1)
        torch.manual_seed(int(state[0]))


def _datasets(dataset: Dataset) -> list[Dataset]:
    """Unwrap to the datasets that seed their own samples."""
    if hasattr(dataset, 'datasets'):
        return [d for part in dataset.datasets for d in _datasets(part)]
    if hasattr(dataset, 'draws'):
        return [dataset]
    if hasattr(dataset, 'dataset'):
        return _datasets(dataset.dataset)
    return []
