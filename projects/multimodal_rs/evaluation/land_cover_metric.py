"""Accuracy of a land-cover map."""

import os.path as osp
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS
from PIL import Image

from multimodal_rs.evaluation.accuracy_files import (
    accuracy_tables,
    in_percent,
    write_accuracy,
)
from multimodal_rs.evaluation.confusion import confusion_matrix
from multimodal_rs.evaluation.report import run_log_dir
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.sample_ids import file_below


@METRICS.register_module()
class LandCoverMetric(BaseMetric):
    """OA, kappa, mPA, mIoU, mF1, FWIoU and the measures of every class.

    One integer confusion matrix per sample is collected, so that what a
    distributed sampler padded is dropped and the digits do not depend on the
    number of processes. See :mod:`multimodal_rs.evaluation.confusion` for the
    rules about classes that are absent or never predicted. All measures are
    percent, kappa too.

    Besides the log there are three files: ``land_cover.json`` (everything),
    ``land_cover_classes.csv`` (a row per class) and ``confusion_matrix.csv``
    (pixels, rows are the truth), their names preceded by the prefix if there
    is one. Each evaluation replaces those of the last.

    Args:
        ignore_index (int): Train id that is not counted.
        left_out (int, optional): A class whose row and column are cut out of
            the matrix. The convention of REF-Net's authors for their unused
            class 0: a valid pixel predicted as that class is then neither
            right nor wrong, it does not count. (They also count a class that
            occurs nowhere as 0, which makes no difference where all occur.)
            None: a prediction of a class that is never true is an error.
        output_dir (str, optional): Folder for the predicted maps, one-band
            PNG of train ids named ``<sample_id>.png`` (without a sample id:
            after the image file). None: none. ``tools/test.py --out`` sets
            it.
        keep_results (bool): False: no predicted maps in spite of
            ``output_dir``. ``tools/test.py --out`` sets it to True.
        report_dir (str, optional): Folder for the files. None: where the
            runner's log file lies; without a log file no files are written.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before every key, with a slash.
    """

    def __init__(
        self,
        ignore_index: int = IGNORED,
        left_out: int | None = None,
        output_dir: str | None = None,
        keep_results: bool = True,
        report_dir: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.ignore_index = ignore_index
        self.left_out = left_out
        self.output_dir = output_dir
        self.keep_results = keep_results
        self.report_dir = report_dir

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``pred_sem_seg.data`` and
                ``gt_sem_seg.data``, (1, H, W) each.

        Raises:
            ValueError: If a label or prediction is no train id.
        """
        num_classes = len(self.dataset_meta['classes'])
        for sample in data_samples:
            prediction = sample['pred_sem_seg']['data']
            truth = sample['gt_sem_seg']['data'].to(prediction.device)
            try:
                matrix = confusion_matrix(
                    truth, prediction, num_classes, self.ignore_index
                )
            except ValueError as error:
                raise ValueError(f'{_name(sample)}: {error}') from error
            self.results.append(matrix)
            if self.writes_maps:
                ids = prediction.squeeze(0).cpu().numpy().astype(np.uint8)
                with atomic_path(self.map_path(sample)) as temporary:
                    Image.fromarray(ids).save(temporary, format='PNG')

    @property
    def writes_maps(self) -> bool:
        """Whether predicted maps are written."""
        return self.output_dir is not None and self.keep_results

    def map_path(self, sample: Mapping) -> Path:
        """Where the predicted map of a sample goes."""
        return file_below(self.output_dir, _name(sample), '.png')

    def compute_metrics(self, results: Sequence[np.ndarray]) -> dict:
        """Sum the matrices, write the reports, return the measures.

        mmengine calls it in the main process only.

        Args:
            results: (K, K) int64 per sample.

        Returns:
            ``MEASURES``, and ``IoU.<class>`` and ``PA.<class>``, in percent;
            NaN where undefined, all of them if every valid pixel is
            predicted as the class that is left out.

        Raises:
            ValueError: If no pixel counts.
        """
        matrix = np.sum(results, axis=0)
        names = list(self.dataset_meta['classes'])
        if not matrix.any():
            raise ValueError(
                f'LandCoverMetric: all pixels of all {len(results)} samples '
                f'have the label {self.ignore_index} and are ignored, nothing '
                "can be evaluated: check the split list and the labels' `ids`"
            )
        if self.left_out is not None:
            matrix, names = self._leave_out(matrix, names)
        summary, classes = in_percent(matrix)
        print_log(accuracy_tables(names, matrix), logger='current')
        directory = self.report_dir or run_log_dir()
        if directory is not None:
            start = f'{self.prefix}_' if self.prefix else ''
            write_accuracy(directory, names, matrix, start)
        for measure in ('IoU', 'PA'):
            summary.update(
                (f'{measure}.{name}', value)
                for name, value in zip(names, classes[measure], strict=True)
            )
        return summary

    def _leave_out(
        self, matrix: np.ndarray, names: list[str]
    ) -> tuple[np.ndarray, list[str]]:
        """Cut out a class, and say how many pixels that hides."""
        kept = np.arange(len(names)) != self.left_out
        if kept.all():
            raise ValueError(
                f'LandCoverMetric: left_out is {self.left_out}, but the '
                f'classes have the train ids 0 to {len(names) - 1}'
            )
        rest = matrix[kept][:, kept]
        print_log(
            f'{names[self.left_out]} is left out: '
            f'{matrix.sum() - rest.sum()} of {matrix.sum()} valid pixels do '
            'not count',
            logger='current',
        )
        return rest, [n for n, k in zip(names, kept, strict=True) if k]


def _name(sample: Mapping) -> str:
    if sample.get('sample_id'):
        return sample['sample_id']
    return osp.splitext(osp.basename(sample['img_path']))[0]
