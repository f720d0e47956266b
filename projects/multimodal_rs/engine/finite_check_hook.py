"""Runs that end when their numbers stop being finite."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from multimodal_rs.utils.finite import not_finite, sample_name
from multimodal_rs.utils.wrappers import unwrapped

SHOWN = 3  # names of tensors in a message


@HOOKS.register_module()
class FiniteCheckHook(Hook):
    """End a training as soon as a number of it is NaN or infinite.

    After each iteration it looks at the losses, the parameters and the
    buffers (running statistics of batch norms). The error names them and the
    samples of the batch with their files. No checkpoint is written that holds
    such a number, in the state of the optimiser for instance; what was saved
    before stays. In mixed precision a GradScaler skips steps whose gradients
    overflow; that leaves all of these finite, and the run goes on.

    Buffers that are not finite before training, such as masks of -inf, are
    constants and left alone. Each of several processes looks at what it has.
    Validation and testing need no hook: the networks refuse to answer with
    such numbers (:func:`multimodal_rs.utils.finite.check_answers`).
    """

    # After hooks that change weights (EMAHook), before CheckpointHook.
    priority = 'LOW'

    def __init__(self) -> None:
        self.constant: frozenset[str] = frozenset()

    def before_train(self, runner: Runner) -> None:
        """Refuse weights that are not finite.

        Raises:
            FloatingPointError: With the names of parameters.
        """
        model = unwrapped(runner.model)
        found = not_finite(dict(model.named_parameters()))
        if found:
            raise FloatingPointError(
                f'before training, {_several(found)} of the network hold NaN '
                'or infinity: start from another checkpoint'
            )
        buffers = {
            n: x for n, x in model.named_buffers() if x.is_floating_point()
        }
        self.constant = frozenset(not_finite(buffers))

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Mapping | None = None,
    ) -> None:
        """Look at what the iteration has left.

        Raises:
            FloatingPointError: With the samples of the batch.
        """
        model = unwrapped(runner.model)
        parameters = dict(model.named_parameters())
        device = next(iter(parameters.values())).device
        losses = {
            name: torch.as_tensor(value, dtype=torch.float, device=device)
            for name, value in (outputs or {}).items()
            if 'loss' in name  # as mmengine adds them up
        }
        buffers = {
            name: x
            for name, x in model.named_buffers()
            if name not in self.constant
        }
        found = not_finite(losses | buffers | parameters)
        if not found:
            return
        elsewhere = ''
        if get_world_size() > 1 and not set(found) & set(losses):
            elsewhere = (
                f'This is process {get_rank()}; gradients and statistics of '
                'batch norms are shared, so the batch of another one may be '
                'the cause. '
            )
        raise FloatingPointError(
            f'iteration {runner.iter + 1}: {_several(found)} became NaN or '
            'infinite. The samples of this batch:\n  '
            + '\n  '.join(_describe(data_batch) or ['unknown'])
            + f'\n{elsewhere}Nothing of it is saved; {_last(runner)}. Correct '
            'absurd numbers in these files, or leave the files out of the '
            'split list; if there are none, lower the learning rate, or train '
            'without --amp. Then go on with --resume'
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to save what is not finite.

        Raises:
            FloatingPointError: With the places in the checkpoint.
        """
        found = not_finite(dict(_tensors(checkpoint, self.constant)))
        if found:
            raise FloatingPointError(
                f'iteration {runner.iter}: the checkpoint would hold NaN or '
                f'infinity in {_several(found)} and is not written; '
                f'{_last(runner)}: lower the learning rate, or correct absurd '
                'numbers in the data'
            )


def _several(names: Sequence[str]) -> str:
    more = f' and {len(names) - SHOWN} more' if len(names) > SHOWN else ''
    return ', '.join(names[:SHOWN]) + more


def _last(runner: Runner) -> str:
    """Say which checkpoint the folder has."""
    note = Path(runner.work_dir, 'last_checkpoint')
    if not note.is_file():
        return f'{runner.work_dir} has no checkpoint yet'
    name = Path(note.read_text().strip()).name
    return f'the last checkpoint in {runner.work_dir} is {name}'


def _describe(batch: object) -> list[str]:
    """Say what is in a batch, a line for each sample.

    Args:
        batch: ``inputs``, images (C, H, W) per sample, of one modality or in
            a dict of them, and ``data_samples``; else nothing is known.
    """
    if not isinstance(batch, Mapping) or not batch.get('data_samples'):
        return []
    inputs = batch['inputs']
    images = inputs if isinstance(inputs, Mapping) else {'image': inputs}
    lines = []
    for i, sample in enumerate(batch['data_samples']):
        ranges = [f'; {m} {_range(x[i])}' for m, x in images.items()]
        lines.append(sample_name(sample) + ''.join(ranges))
    return lines


def _range(image: Tensor) -> str:
    """Say the smallest and the largest number; NaN is invalid in an image."""
    values = image[~image.isnan()]
    if not values.numel():
        return 'without data'
    return f'from {values.min().item():.4g} to {values.max().item():.4g}'


def _tensors(
    content: object, constant: frozenset[str], where: str = ''
) -> Iterator[tuple[str, Tensor]]:
    """All tensors in a checkpoint, with their places."""
    if isinstance(content, Tensor):
        if not where.endswith(tuple(f'.{name}' for name in constant)):
            yield where, content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _tensors(value, constant, f'{where}.{key}'.lstrip('.'))
    elif isinstance(content, list | tuple):
        for i, value in enumerate(content):
            yield from _tensors(value, constant, f'{where}[{i}]')
