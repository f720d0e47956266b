"""Accuracy in each of several places."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmseg.registry import METRICS

from multimodal_rs.evaluation.confusion import (
    class_mean,
    confusion_matrix,
    intersection_over_union,
    overall_accuracy,
    producer_accuracy,
)
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.places import Places
from multimodal_rs.utils.tables import text_table

MEASURES = {
    'mIoU': lambda matrix: class_mean(intersection_over_union(matrix)),
    'OA': overall_accuracy,
    # Does not depend on how frequent the classes are in a place.
    'mPA': lambda matrix: class_mean(producer_accuracy(matrix)),
}


@METRICS.register_module()
class PlaceMetric(BaseMetric):
    """mIoU, OA and mPA of each place: a scene, a region, a flood.

    A test over all tiles hides how a network does where it was not trained.
    A tile belongs to the place that its ``sample_id`` tells. The measures are
    those of :mod:`multimodal_rs.evaluation.confusion`, of one integer matrix
    per tile, added up in each place; keys ``<place>_mIoU``, in percent. mPA,
    the mean recall, does not change with the shares of the classes, so it is
    what can be compared between places.

    Args:
        places (dict | str): How an id tells the place, see
            :class:`multimodal_rs.utils.places.Places`. A dict names the
            places, and each must have a tile; with one pattern they are those
            of the tiles.
        ignore_index (int): Train id that is not counted.
        collect_device (str): ``'cpu'`` or ``'gpu'``, see mmengine.
        prefix (str, optional): Put before every key, with a slash.

    Raises:
        ValueError: If ``places`` is empty or a pattern is wrong.
    """

    def __init__(
        self,
        places: Mapping[str, str] | str,
        ignore_index: int = IGNORED,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.places = Places(places, 'PlaceMetric')
        self.ignore_index = ignore_index

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch.

        Args:
            data_batch: Not used.
            data_samples: Samples as dicts, with ``sample_id``,
                ``pred_sem_seg.data`` and ``gt_sem_seg.data``, (1, H, W) each.

        Raises:
            ValueError: If a tile belongs to no place, or to several.
        """
        number = len(self.dataset_meta['classes'])
        for sample in data_samples:
            prediction = sample['pred_sem_seg']['data']
            truth = sample['gt_sem_seg']['data'].to(prediction.device)
            matrix = confusion_matrix(
                truth, prediction, number, self.ignore_index
            )
            place = self.places.of(sample['sample_id'])
            self.results.append((place, matrix))

    def compute_metrics(
        self, results: Sequence[tuple[str, np.ndarray]]
    ) -> dict[str, float]:
        """Add up the matrices of each place and return the measures.

        Args:
            results: Place and (K, K) int64 per tile.

        Raises:
            ValueError: If a place has no tile.
        """
        matrices = defaultdict(list)
        for place, matrix in results:
            matrices[place].append(matrix)
        patterns = self.places.patterns
        names = list(patterns) if self.places.named else sorted(matrices)
        empty = [place for place in names if place not in matrices]
        if empty:
            raise ValueError(
                f'PlaceMetric: none of {len(results)} tiles lies in {empty} '
                f'({[patterns[p].pattern for p in empty]}): correct '
                '`places`, or the split list'
            )
        found = {
            place: {
                name: 100 * measure(np.sum(matrices[place], axis=0))
                for name, measure in MEASURES.items()
            }
            for place in names
        }
        rows = [
            [place, len(matrices[place]), *values.values()]
            for place, values in found.items()
        ]
        table = text_table(['place', 'tiles', *MEASURES], rows)
        print_log(f'Places, in percent\n{table}', logger='current')
        return {
            f'{place}_{name}': value
            for place, values in found.items()
            for name, value in values.items()
        }
