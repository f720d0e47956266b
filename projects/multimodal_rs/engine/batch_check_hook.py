"""Batches of a training run that nothing could be learnt from."""

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from multimodal_rs.utils.wrappers import unwrapped


@HOOKS.register_module()
class BatchCheckHook(Hook):
    """Stop a run, before it trains, whose batches are empty or too small.

    ``tools/train.py`` asks :func:`check_batches` even earlier: a schedule
    over epochs cannot be built for an epoch without iterations, and mmengine
    says that in words of its own.
    """

    def before_train(self, runner: Runner) -> None:
        """Examine the training data."""
        check_batches(runner.train_dataloader, runner.model)


def check_batches(loader: DataLoader, model: nn.Module) -> None:
    """Refuse training data that makes no batch, or a batch of one.

    A single tile is too little for a batch norm after a global average, which
    is one value per channel.

    Args:
        loader: Of the training.
        model: Its network, wrapped or not.

    Raises:
        ValueError: With the number of tiles, the batch size and the remedy.
    """
    tiles, size = len(loader.dataset), loader.batch_size
    processes = get_world_size()
    each = '' if processes == 1 else f' on each of {processes} processes'
    have = (
        f'train_dataloader: {tiles} tiles, batch_size={size}{each}, drop_last='
        f'{loader.drop_last}'
    )
    endless = isinstance(loader.sampler, InfiniteSampler)
    if tiles == 0 or (len(loader) == 0 and not endless):
        raise ValueError(
            f'{have} make no iteration: lower train_dataloader.batch_size, '
            'set drop_last=False, or add tiles to ann_file'
        )
    rest = len(loader.sampler) % size
    partial = rest and not loader.drop_last and not endless
    smallest = rest if partial else size
    pool = pool_before_batch_norm(unwrapped(model))
    if smallest == 1 and pool is not None:
        raise ValueError(
            f'{have} make a batch of one tile, but the batch norm after the '
            f'global average {pool} needs at least 2 tiles per process: set '
            'train_dataloader.batch_size to 2 or more, and drop_last=True '
            'where the last batch would be a single tile'
        )


def pool_before_batch_norm(model: nn.Module) -> str | None:
    """Find a global average that a batch norm follows, as in an ASPP.

    Returns:
        Its name; None: there is none.
    """
    for name, parent in model.named_modules():
        children = list(parent.named_children())
        for i, (key, child) in enumerate(children):
            following = [c for _, c in children[i + 1 :]]
            if _is_global(child) and any(map(_has_batch_norm, following)):
                return f'{name}.{key}'
    return None


def _is_global(module: nn.Module) -> bool:
    return isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (
        1,
        (1, 1),
    )


def _has_batch_norm(module: nn.Module) -> bool:
    return any(isinstance(m, _BatchNorm) for m in module.modules())
