"""Accuracy of a land-cover map near the borders of its classes."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from multimodal_rs.evaluation.boundary import border_band
from multimodal_rs.evaluation.confusion import (
    class_mean,
    confusion_matrix,
    intersection_over_union,
    overall_accuracy,
)
from multimodal_rs.utils.labels import IGNORED


@METRICS.register_module()
class BoundaryMetric(BaseMetric):
    """mIoU and OA of the pixels within ``width`` of a border of the truth.

    The share of such pixels is small, so that ``LandCoverMetric`` hardly
    shows whether outlines are right. Which pixels count depends on the truth
    alone (:mod:`multimodal_rs.evaluation.boundary`): a network cannot choose
    them. The measures are those of
    :mod:`multimodal_rs.evaluation.confusion`, of one integer confusion matrix
    per sample. Keys: ``boundary_mIoU``, ``boundary_OA``, and
    ``boundary_IoU.<class>``, in percent; NaN where undefined, all of them
    where no sample has a border.

    Args:
        width (int): Distance from the border that counts, in pixels: 1 are
            the two pixels between which the border runs.
        ignore_index (int): Train id that is not counted.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before every key, with a slash.

    Raises:
        ValueError: If ``width`` is no whole number from 1 on.
    """

    def __init__(
        self,
        width: int = 3,
        ignore_index: int = IGNORED,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if width != int(width) or width < 1:
            raise ValueError(
                'BoundaryMetric: width must be a whole number of pixels from '
                f'1 on, got {width!r}'
            )
        self.width = int(width)
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``pred_sem_seg.data`` and
                ``gt_sem_seg.data``, (1, H, W) each.
        """
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            truth, prediction = (
                sample[key]['data'].squeeze(0).cpu().numpy()
                for key in ('gt_sem_seg', 'pred_sem_seg')
            )
            band = border_band(truth, self.width, self.ignore_index)
            self.results.append(
                confusion_matrix(
                    np.where(band, truth, self.ignore_index),
                    prediction,
                    num_classes,
                    self.ignore_index,
                )
            )

    def compute_metrics(self, results: Sequence[np.ndarray]) -> dict:
        """Sum the matrices and return the measures.

        Args:
            results: (K, K) int64 per sample.
        """
        matrix = np.sum(results, axis=0)
        iou = intersection_over_union(matrix)
        measures = {
            'boundary_mIoU': 100 * class_mean(iou),
            'boundary_OA': 100 * overall_accuracy(matrix),
        }
        print_log(
            f'Within {self.width} pixels of a border ({matrix.sum()} pixels): '
            + ', '.join(f'{k} {v:.2f}' for k, v in measures.items()),
            logger='current',
        )
        names = self.dataset_meta['classes']
        return measures | {
            f'boundary_IoU.{name}': float(100 * value)
            for name, value in zip(names, iou, strict=True)
        }
