"""A training of nothing much that writes a lot, for tests of checkpoints."""

import os

import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn


class Numbers(BaseModel):
    """As many numbers as a small encoder has, so that writing takes time."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count))

    def forward(self, value, mode='tensor'):
        if mode == 'loss':
            return dict(loss=(self.weight.sum() - sum(value)) ** 2 * 1e-9)
        return [float(self.weight[0])]


class Epochs(BaseMetric):
    """Scores that get better with every epoch, and one that gets worse."""

    default_prefix = 'val'
    count = 0

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        Epochs.count += 1
        return dict(up=Epochs.count, down=Epochs.count)


def make_runner(folder, epochs, hook, load_from=None, count=100):
    """Build it; the score goes on from the epoch in ``load_from``.

    Args:
        folder: Work directory.
        epochs: When it ends.
        hook: Config of the checkpoint hook.
        load_from: Checkpoint to resume from.
        count: Number of weights.
    """
    Epochs.count = 0
    if load_from is not None:
        content = torch.load(load_from, weights_only=True, mmap=True)
        Epochs.count = content['meta']['epoch']
    loader = dict(
        dataset=[dict(value=torch.ones(1)) for _ in range(2)],
        batch_size=1,
        sampler=dict(type='DefaultSampler', shuffle=False),
        num_workers=0,
    )
    return Runner(
        Numbers(count),
        str(folder),
        train_dataloader=loader,
        val_dataloader=loader,
        val_evaluator=[Epochs()],
        train_cfg=dict(by_epoch=True, max_epochs=epochs, val_interval=1),
        val_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
        default_hooks=dict(checkpoint=hook, logger=None),
        custom_hooks=[
            dict(type='PlainCheckpointHook'),
            dict(type='ReproducibleRunHook'),
        ],
        experiment_name=f'{folder}-{epochs}-{os.getpid()}-{load_from}',
        load_from=None if load_from is None else str(load_from),
        resume=load_from is not None,
        randomness=dict(seed=0),
        default_scope='mmseg',
        log_level='ERROR',
    )
