"""Whether a network is right as often as it says."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from multimodal_rs.evaluation.calibration import (
    BINS,
    Reliability,
    reliability,
)
from multimodal_rs.evaluation.report import run_log_dir, write_json
from multimodal_rs.utils.labels import IGNORED


@METRICS.register_module()
class CalibrationMetric(BaseMetric):
    """Expected calibration error (ECE), in percent, and a file for the plot.

    ``calibration.json`` has, for each of ``bins`` bins of confidence, pixels,
    share of right ones, and mean confidence; see
    :mod:`multimodal_rs.evaluation.calibration`. The report of a run draws it.

    Args:
        bins (int): Bins of equal width between 0 and 1.
        ignore_index (int): Train id that is not counted.
        report_dir (str, optional): Folder for the file. None: where the
            runner's log file lies; without a log file none is written.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before the key, with a slash.

    Raises:
        ValueError: If ``bins`` is less than 1.
    """

    def __init__(
        self,
        bins: int = BINS,
        ignore_index: int = IGNORED,
        report_dir: str | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if bins < 1:
            raise ValueError(
                f'CalibrationMetric: bins must be at least 1, got {bins}'
            )
        self.bins = bins
        self.ignore_index = ignore_index
        self.report_dir = report_dir

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``seg_logits.data``
                (K, H, W), logits or log probabilities, ``pred_sem_seg.data``
                and ``gt_sem_seg.data``, (1, H, W) each.
        """
        for sample in data_samples:
            logits = sample['seg_logits']['data'].float()
            confidence = logits.softmax(dim=0).amax(dim=0).clamp(max=1)
            truth, prediction = (
                sample[key]['data'].squeeze(0).cpu().numpy()
                for key in ('gt_sem_seg', 'pred_sem_seg')
            )
            self.results.append(
                reliability(
                    truth,
                    prediction,
                    confidence.cpu().numpy(),
                    self.bins,
                    self.ignore_index,
                )
            )

    def compute_metrics(
        self, results: Sequence[Reliability]
    ) -> dict[str, float]:
        """Sum the bins, write the file, return ``ECE``.

        Args:
            results: One per sample.
        """
        total = reduce(add, results)
        error = 100 * total.expected_error()
        print_log(
            f'Expected calibration error: {error:.2f} % in {self.bins} bins',
            logger='current',
        )
        directory = self.report_dir or run_log_dir()
        if directory is not None:
            start = f'{self.prefix}_' if self.prefix else ''
            content = dict(
                ECE=error,
                pixels=total.pixels.tolist(),
                accuracy=total.accuracy().tolist(),
                confidence=total.mean_confidence().tolist(),
            )
            write_json(Path(directory) / f'{start}calibration.json', content)
        return {'ECE': error}
