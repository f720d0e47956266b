"""Batch normalisation with statistics of the place that is mapped.

A network normalises its features by means and variances that it has measured
where it was trained. In another place, with another sun, season or
calibration, features are shifted, and what comes after is not what it has
learnt. The statistics of the new place can be measured without any label, by
sending images of it through the network (adaptive batch normalisation, Li et
al., "Revisiting Batch Normalization For Practical Domain Adaptation", 2016,
https://arxiv.org/abs/1603.04779). Here both are mixed: few images of one place
have few classes, so that their statistics alone are worse than the mixture.
"""

import contextlib
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class NormStatistics(NamedTuple):
    """Means and variances of all batch normalisations of a network.

    Attributes:
        means: (C,) per layer.
        variances: (C,) per layer.
    """

    means: list[Tensor]
    variances: list[Tensor]

    def mixed(self, other: 'NormStatistics', share: float) -> 'NormStatistics':
        """Mix them with others, of which ``share`` is taken, 0 to 1."""
        return NormStatistics(
            *(
                [torch.lerp(a, b, share) for a, b in zip(*pair, strict=True)]
                for pair in zip(self, other, strict=True)
            )
        )


class AdaptedNorms:
    """The batch normalisations of a network, to be adapted and reset.

    Args:
        model: In evaluation mode.
        share: How much of the statistics is that of the place, 0 to 1.
        name: What messages call the model. None: its class.

    Attributes:
        learnt: The statistics of the training.

    Raises:
        ValueError: If the network has no batch normalisation with statistics,
            or the share lies outside 0 to 1.
    """

    def __init__(
        self, model: nn.Module, share: float, name: str | None = None
    ) -> None:
        self.layers = [
            layer
            for layer in model.modules()
            if isinstance(layer, _BatchNorm) and layer.track_running_stats
        ]
        if not 0 <= share <= 1:
            raise ValueError(
                f'share of the place must lie within 0 and 1, got {share}'
            )
        if not self.layers:
            raise ValueError(
                f'{name or type(model).__name__} has no batch normalisation '
                'whose statistics could be adapted to a place: do without '
                '(--adapt 0), or take another network'
            )
        self.share = share
        self.learnt = self._statistics()

    @torch.no_grad()
    def measure(self, run: Callable[[], None]) -> NormStatistics:
        """Measure the statistics of a place; the network stays as it was.

        Args:
            run: Sends images of the place through the network. All batches
                count alike.
        """
        before = self._statistics()
        kept = [
            (x.momentum, x.num_batches_tracked.clone()) for x in self.layers
        ]
        for layer in self.layers:
            layer.reset_running_stats()
            layer.momentum = None  # the mean over all batches
            layer.train()
        try:
            run()
            unseen = [x for x in self.layers if x.num_batches_tracked == 0]
            found = self._statistics()
        finally:
            for layer, (momentum, count) in zip(
                self.layers, kept, strict=True
            ):
                layer.momentum = momentum
                layer.num_batches_tracked.copy_(count)
                layer.eval()
            self._set(before)
        # Layers of branches that had nothing to do keep what they have learnt.
        for number, layer in enumerate(self.layers):
            if any(layer is x for x in unseen):
                found.means[number] = self.learnt.means[number]
                found.variances[number] = self.learnt.variances[number]
        return found

    def adapt(self, place: NormStatistics) -> None:
        """Normalise by a mixture of what was learnt and of the place."""
        self._set(self.learnt.mixed(place, self.share))

    def reset(self) -> None:
        """Normalise as the network has learnt it."""
        self._set(self.learnt)

    @contextlib.contextmanager
    def adapted(self, run: Callable[[], None]) -> Iterator[None]:
        """Adapt to a place for a while.

        Args:
            run: As of :meth:`measure`.
        """
        self.adapt(self.measure(run))
        try:
            yield
        finally:
            self.reset()

    def _statistics(self) -> NormStatistics:
        return NormStatistics(
            [layer.running_mean.clone() for layer in self.layers],
            [layer.running_var.clone() for layer in self.layers],
        )

    @torch.no_grad()
    def _set(self, statistics: NormStatistics) -> None:
        for layer, mean, variance in zip(
            self.layers, *statistics, strict=True
        ):
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(variance)


def measurable_batches(
    present: Sequence[Hashable], size: int
) -> Iterator[list[int]]:
    """Divide images so that batch normalisation can measure each batch.

    A network answers images with other modalities apart, so a batch has
    images of the same ones. None is left alone where there are more, and a
    single one comes twice: pooled to one pixel, it has no variance.

    Args:
        present: Per image the modalities that have data.
        size: Images of a batch, at most, but at least two, or three.

    Yields:
        Numbers of images.
    """
    alike = defaultdict(list)
    for number, names in enumerate(present):
        alike[names].append(number)
    for numbers in alike.values():
        for part in even_parts(numbers, size):
            yield part * (2 if len(part) == 1 else 1)


def even_parts(numbers: Sequence[int], size: int) -> list[list[int]]:
    """Divide evenly into parts of at most ``size``, but of two or more."""
    count = min(math.ceil(len(numbers) / size), len(numbers) // 2)
    return [p.tolist() for p in np.array_split(numbers, max(count, 1))]
