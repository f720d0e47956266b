"""Transforms of other packages, for stacks with any number of bands."""

import random
import sys
from collections.abc import Callable

import numpy as np

# OpenCV, which mmcv's and mmseg's transforms call: 128 bands in one release,
# 512 in others; mmcv's Pad makes a fill value per band, of which it takes 4.
MOST_BANDS = 128
MOST_BANDS_OF = {'Pad': 4, 'RandomFlip': sys.maxsize}  # flips are numpy's
CONTAINERS = ('transforms', 'subroutines')  # of mmcv's Compose and its kind


class BandGroups:
    """Run a transform on some bands at a time, with the same draws.

    A stack that the transform can take as it is goes through once. Otherwise
    each group of bands is transformed with a copy of everything else, from
    the same random state, and the groups are put together again.

    Args:
        transform: From pipeline dict to pipeline dict, or None.
        most: Bands that it can take.
    """

    def __init__(self, transform: Callable, most: int) -> None:
        self.transform = transform
        self.most = most

    def __call__(self, results: dict) -> dict | None:
        """Transform ``img``, (H, W, C), and whatever else the other does."""
        stack = results.get('img')
        if stack is None or stack.ndim < 3 or stack.shape[2] <= self.most:
            return self.transform(results)
        before = np.random.get_state(), random.getstate()
        parts = []
        for start in range(0, stack.shape[2], self.most):
            np.random.set_state(before[0])
            random.setstate(before[1])
            group = np.ascontiguousarray(stack[..., start : start + self.most])
            done = self.transform({**results, 'img': group})
            if done is None:
                return None
            part = done['img']
            parts.append(part[..., None] if part.ndim == 2 else part)
        done['img'] = np.concatenate(parts, axis=2)
        return done

    def __repr__(self) -> str:
        return repr(self.transform)


def in_band_groups(transform: Callable) -> Callable:
    """Let a transform of another package take any number of bands.

    Ours take any number already. Transforms inside a container (Compose,
    RandomApply, RandomChoice, TestTimeAug) are wrapped there.
    """
    if type(transform).__module__.startswith('multimodal_rs.'):
        return transform
    inner = [a for a in CONTAINERS if hasattr(transform, a)]
    for attribute in inner:
        setattr(transform, attribute, _each(getattr(transform, attribute)))
    if inner:
        return transform
    most = MOST_BANDS_OF.get(type(transform).__name__, MOST_BANDS)
    return BandGroups(transform, most)


def _each(transforms: object) -> object:
    if isinstance(transforms, (list, tuple)):
        return [_each(t) for t in transforms]
    return in_band_groups(transforms)
