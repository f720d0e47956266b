"""Geometric augmentation that mmseg lacks."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomRotate90(BaseTransform):
    """Turn the stack and all maps by 0, 90, 180 or 270 degrees.

    Nadir images have no up: with flips this covers the eight symmetries of a
    square without interpolation.

    Required keys: ``img``, ``seg_fields`` and the maps named there.
    Modified keys: the same, ``img_shape``.

    Args:
        prob (float): Probability of drawing a turn at all; the turn itself
            is uniform over the four, zero included.
    """

    def __init__(self, prob: float = 1.0) -> None:
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Turn one sample."""
        turns = np.random.randint(4) if np.random.rand() < self.prob else 0
        if turns:
            for key in ('img', *results['seg_fields']):
                results[key] = np.rot90(results[key], turns)
            results['img_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class AlignLookDirection(BaseTransform):
    """Turn tiles by 180 degrees that a sensor imaged from the south.

    A radar looks from the side: buildings lean towards it, and shadows lie
    behind them. Afterwards all lean the same way, so that flips from top to
    bottom and quarter turns should not follow. Maps of such tiles come out
    turned, too.

    Required keys: ``img``, ``seg_fields`` and the maps named there,
    ``imaged_from``, ``sample_id``.
    Modified keys: ``img`` and the maps.

    Raises:
        ValueError: If the dataset does not know from where a tile was imaged.
    """

    def transform(self, results: dict) -> dict:
        """Turn one sample, or leave it."""
        side = results.get('imaged_from')
        if side not in ('north', 'south'):
            raise ValueError(
                f'AlignLookDirection: tile {results["sample_id"]!r} was '
                f"imaged from {side!r}, expected 'north' or 'south': the file "
                'of the data set that says it is missing or lacks the strip '
                '(for SpaceNet 6, SummaryData/SAR_orientations.txt). Put it '
                'there, or take this transform out of the pipeline'
            )
        if side == 'south':
            for key in ('img', *results['seg_fields']):
                results[key] = np.rot90(results[key], 2)
        return results
