"""Error of the reconstruction of hidden pixels."""

import math
from collections.abc import Sequence

from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS
from torch import Tensor


@METRICS.register_module()
class MaskedReconstructionMetric(BaseMetric):
    """Mean squared error of hidden, valid pixels on a list of tiles.

    ``masked_error_<modality>`` averages over all hidden, valid pixels and
    bands of the modality; every pixel of the data set has the same weight.
    ``masked_error`` is the sum over the modalities: what pretraining
    minimises with ``average='hidden'`` and equal weights. Both are in
    normalised units, squared. Comparable between epochs only with fixed
    masks, ``ComplementaryMask(seed=...)``. (No key has the word loss in it,
    which mmengine's log would average over past validations.)

    Args:
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before the keys, with a slash.
    """

    def __init__(
        self, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Sum the squared errors of a batch, per sample and modality.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``reconstruction`` and
                ``target`` (C_m, H, W), and ``counted`` (1, H, W) bool, per
                modality.
        """
        for sample in data_samples:
            reconstruction = sample['reconstruction']
            self.results.append(
                {
                    name: summed_squared_error(
                        reconstruction[name],
                        sample['target'][name],
                        sample['counted'][name],
                    )
                    for name in sorted(reconstruction)
                }
            )

    def compute_metrics(
        self, results: Sequence[dict[str, tuple[float, int]]]
    ) -> dict[str, float]:
        """Divide the sums by the numbers of values.

        Args:
            results: Sum and number of values, per sample and modality.

        Returns:
            ``masked_error`` and ``masked_error_<modality>``. A modality of
            which no sample has a hidden, valid pixel is left out.

        Raises:
            ValueError: If that is so for all.
        """
        errors = {}
        for name in results[0]:
            number = sum(sample[name][1] for sample in results)
            if number:
                # fsum: the same digits in whatever order they were collected.
                total = math.fsum(sample[name][0] for sample in results)
                errors[f'masked_error_{name}'] = total / number
        if not errors:
            raise ValueError(
                f'MaskedReconstructionMetric: none of {len(results)} samples '
                f'has a hidden, valid pixel of {list(results[0])}: check the '
                'split list and ComplementaryMask'
            )
        return dict(masked_error=math.fsum(errors.values()), **errors)


def summed_squared_error(
    reconstruction: Tensor, target: Tensor, counted: Tensor
) -> tuple[float, int]:
    """Sum squared errors in float64.

    Args:
        reconstruction: (C, H, W).
        target: (C, H, W).
        counted: (1, H, W) bool.

    Returns:
        The sum and the number of values in it.
    """
    error = (reconstruction.double() - target.double()).square()
    number = int(counted.sum()) * len(target)
    return (error * counted).sum().item(), number
