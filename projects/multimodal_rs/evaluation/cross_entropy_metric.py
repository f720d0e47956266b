"""Validation loss."""

import math
from collections.abc import Sequence

import torch
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from multimodal_rs.evaluation.confusion import check_classes
from multimodal_rs.utils.labels import IGNORED


@METRICS.register_module()
class CrossEntropyMetric(BaseMetric):
    """Mean cross entropy of the counted pixels, for early stopping.

    Every pixel of the data set has the same weight, whatever the batch size
    and the number of processes. With ``prefix='val'`` the key is
    ``val/cross_entropy``; hooks that watch it need ``rule='less'``. (It is
    not called a loss because mmengine's log shows every key with that word as
    a mean over past validations.)

    Args:
        ignore_index (int): Train id that is not counted.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before the key, with a slash.
    """

    def __init__(
        self,
        ignore_index: int = IGNORED,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Sum the cross entropy of a batch, per sample.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``seg_logits.data``
                (K, H, W), logits or log probabilities, and
                ``gt_sem_seg.data`` (1, H, W).

        Raises:
            ValueError: If the sizes differ or a label is no train id.
        """
        for sample in data_samples:
            logits = sample['seg_logits']['data']
            truth = sample['gt_sem_seg']['data'].to(logits.device)
            self.results.append(
                summed_cross_entropy(logits, truth, self.ignore_index)
            )

    def compute_metrics(
        self, results: Sequence[tuple[float, int]]
    ) -> dict[str, float]:
        """Divide the sum by the number of pixels.

        Args:
            results: Sum and number of pixels of every sample.

        Returns:
            ``cross_entropy``.

        Raises:
            ValueError: If no pixel counts.
        """
        pixels = sum(count for _, count in results)
        if not pixels:
            raise ValueError(
                f'CrossEntropyMetric: all pixels of all {len(results)} '
                f'samples have the label {self.ignore_index} and are ignored, '
                "there is no loss: check the split list and the labels' `ids`"
            )
        # fsum: the same digits in whatever order samples were collected.
        return {
            'cross_entropy': math.fsum(total for total, _ in results) / pixels
        }


def summed_cross_entropy(
    logits: torch.Tensor, truth: torch.Tensor, ignore_index: int
) -> tuple[float, int]:
    """Sum the cross entropy over the counted pixels of one sample.

    Args:
        logits: (K, H, W).
        truth: (1, H, W) train ids.
        ignore_index: Train id that is not counted.

    Returns:
        The sum, added up in float64, and the number of pixels.

    Raises:
        ValueError: If the sizes differ or a label is no train id.
    """
    if logits.shape[-2:] != truth.shape[-2:]:
        raise ValueError(
            'CrossEntropyMetric: logits and label must have one size, got '
            f'{tuple(logits.shape[-2:])} and {tuple(truth.shape[-2:])}: '
            'predict at the size of the label'
        )
    truth = truth.flatten().to(torch.int64)
    valid = truth != ignore_index
    truth = truth[valid]
    check_classes(truth, len(logits), f'label (ignored: {ignore_index})')
    # Not F.cross_entropy: on images it has no deterministic CUDA kernel.
    log_probability = logits.flatten(1)[:, valid].float().log_softmax(dim=0)
    picked = log_probability.gather(0, truth[None])
    return -picked.sum(dtype=torch.float64).item(), truth.numel()
