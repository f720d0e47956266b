"""Batches of a training run that nothing could be learnt from."""

from collections.abc import Callable

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from multimodal_rs.utils.wrappers import unwrapped


@HOOKS.register_module()
class BatchCheckHook(Hook):
    """Stop a run, before it trains, whose batches are empty or too small.

    Whether a map of a small crop shrinks to one cell is only seen when it
    does; where a batch may be a single tile, batch norms then say so.

    ``tools/train.py`` asks :func:`check_batches` even earlier: a schedule
    over epochs cannot be built for an epoch without iterations, and mmengine
    says that in words of its own.
    """

    def before_train(self, runner: Runner) -> None:
        """Examine the training data."""
        loader, model = runner.train_dataloader, unwrapped(runner.model)
        check_batches(loader, model)
        self._guards = []
        if smallest_batch(loader) == 1:
            for name, norm in model.named_modules():
                if _counts_alone(norm):
                    guard = norm.register_forward_pre_hook(_guard(name))
                    self._guards.append(guard)

    def after_train(self, runner: Runner) -> None:
        """Leave the network as it was."""
        for guard in self._guards:
            guard.remove()


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
    pool = pool_before_batch_norm(unwrapped(model))
    if smallest_batch(loader) == 1 and pool is not None:
        raise ValueError(
            f'{have} make a batch of one tile, but the batch norm after the '
            f'global average {pool} needs at least 2 tiles per process: set '
            'train_dataloader.batch_size to 2 or more, and drop_last=True '
            'where the last batch would be a single tile'
        )


def smallest_batch(loader: DataLoader) -> int:
    """Count the tiles of the smallest batch on this process."""
    rest = len(loader.sampler) % loader.batch_size
    endless = isinstance(loader.sampler, InfiniteSampler)
    partial = rest and not loader.drop_last and not endless
    return rest if partial else loader.batch_size


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


def _counts_alone(module: nn.Module) -> bool:
    """Whether it is a batch norm of this process, not of all together."""
    together = isinstance(module, nn.SyncBatchNorm) and get_world_size() > 1
    return isinstance(module, _BatchNorm) and not together


def _guard(name: str) -> Callable:
    """Make a hook that refuses one value per channel, before torch does."""

    def check(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shape = tuple(inputs[0].shape)
        if norm.training and inputs[0].numel() == shape[1]:
            raise ValueError(
                f'{name}: a batch norm in training needs more than one value '
                f'per channel, got {shape}: the batch is a single tile, whose '
                'map is a single cell there: use larger crops (crop_size of '
                'RandomCrop), or set train_dataloader.batch_size to 2 or '
                'more, and drop_last=True where the last batch would be a '
                'single tile'
            )

    return check


def _is_global(module: nn.Module) -> bool:
    return isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size in (
        1,
        (1, 1),
    )


def _has_batch_norm(module: nn.Module) -> bool:
    return any(isinstance(m, _BatchNorm) for m in module.modules())
