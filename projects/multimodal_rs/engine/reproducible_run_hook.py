"""Interrupted runs that end like uninterrupted ones."""

from itertools import islice

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch import Tensor
from torch.utils.data import DataLoader

from multimodal_rs.engine.resumed_optimizer import (
    compare_optimizers,
    compare_schedules,
)
from multimodal_rs.utils.wrappers import unwrapped_datasets

MOST_DRAWS = 2**32  # of a sample in one process


@HOOKS.register_module()
class ReproducibleRunHook(Hook):
    """Tie all randomness of training to seed, epoch and iteration.

    mmengine restores weights, optimizer and schedules on ``--resume``, but no
    random state. This hook

    - refuses to go on with the state of another optimiser or of other
      schedules, and says which of their numbers are the checkpoint's and not
      the config's;
    - hands the run's seed to the datasets, and how often each sample has been
      drawn; they seed the sample's augmentation from both;
    - seeds dropout before each iteration by (seed, iteration, rank);
    - repeats, after a resume, the validation that follows the checkpoint: the
      checkpoint is written before it, so its score (best checkpoint, early
      stopping) would be lost.

    Exact for loops over epochs, and for loops over iterations with mmengine's
    InfiniteSampler and one dataset. In other loops over iterations the draws
    count from the resume on. (The original mmengine forks the workers of such
    a loop before any hook runs: there only without worker processes.)
    """

    # After CheckpointHook, whose before_train sets up its folder.
    priority = 'LOWEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare optimiser and schedules, if a training goes on with them.

        A test has none, also by the config that a resumed run has written.

        Raises:
            ValueError: If the checkpoint has the state of others.
        """
        trains = isinstance(runner.optim_wrapper, OptimWrapper)
        if not (runner._resume and trains):
            return
        found = []
        if 'optimizer' in checkpoint:
            state = checkpoint['optimizer']
            found += compare_optimizers(runner.optim_wrapper, state)
        if 'param_schedulers' in checkpoint:
            states = checkpoint['param_schedulers']
            found += compare_schedules(runner.param_schedulers, states)
        for line in found:
            runner.logger.warning(f'--resume goes on with {line}')

    def before_train(self, runner: Runner) -> None:
        """Hand over the seed; repeat a lost validation."""
        for dataset in unwrapped_datasets(runner.train_dataloader.dataset):
            dataset.seed = runner.seed
        loop, done = runner.train_loop, runner.iter
        end, unit = loop.max_iters, 'iteration'
        if isinstance(loop, EpochBasedTrainLoop):
            done, end, unit = runner.epoch, loop.max_epochs, 'epoch'
        if done == 0 or runner.val_loop is None:
            return
        due = done % loop.val_interval == 0 or done == end
        if loop.val_begin <= done <= end and due:
            runner.logger.info(f'repeat the validation of {unit} {done}')
            runner.val_loop.run()

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the datasets how often each sample has been drawn."""
        loader = runner.train_dataloader
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        draws = runner.epoch if by_epoch else _drawn_until(runner.iter, loader)
        for dataset in unwrapped_datasets(loader.dataset):
            dataset.draws[:] = draws
            if dataset is not loader.dataset:
                # RepeatDataset draws a sample several times in an epoch, and
                # in several processes.
                share = draws * get_world_size() + runner.rank
                dataset.draws[:] = share * len(loader.dataset)
            elif not by_epoch:
                # Every process counts alone what it has drawn; the next pass
                # may give a sample to another one.
                dataset.draws += runner.rank * MOST_DRAWS

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Seed dropout."""
        entropy = (runner.seed, runner.iter, runner.rank)
        state = np.random.SeedSequence(entropy).generate_state(1)
        torch.manual_seed(int(state[0]))


def _drawn_until(iteration: int, loader: DataLoader) -> Tensor | int:
    """Count how often this process has drawn each sample.

    Returns:
        (samples,) int64; 0 where the loop itself draws all of them again (in
        mmengine before ``InfiniteSampler.skip``), and where it is not known.
    """
    sampler = loader.sampler
    if not isinstance(sampler, InfiniteSampler) or not hasattr(
        sampler, 'skip'
    ):
        return 0
    if unwrapped_datasets(loader.dataset) != [loader.dataset]:
        return 0
    again = InfiniteSampler(loader.dataset, sampler.shuffle, sampler.seed)
    indices = list(islice(again, iteration * loader.batch_size))
    return torch.bincount(
        torch.tensor(indices, dtype=torch.int64), minlength=len(again)
    )
