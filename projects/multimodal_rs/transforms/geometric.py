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
