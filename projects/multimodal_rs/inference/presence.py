"""Which modalities answer for which pixels of a window.

A modality that ends inside a window would spoil answers on both sides of its
edge: where it has nothing the network sees a value that nobody measured, and
near to it the receptive field reaches across. So what is missing is filled
with the nearest valid pixel, and every pixel is answered by the modalities
that are valid there, or at most ``REACH`` pixels away. On the far side the
others answer alone. docs/scenes.md has the measurements.
"""

import math
from collections.abc import Mapping

import cv2
import numpy as np

# Pixels beyond the edge of a modality that its nearest pixel still speaks for.
REACH = 4


def answering(
    masks: Mapping[str, np.ndarray],
) -> dict[tuple[str, ...], np.ndarray]:
    """Divide a window among the subsets of its modalities.

    Args:
        masks: Modality -> where it is valid, (H, W) bool.

    Returns:
        Modalities that answer together -> where, (H, W) bool. Every pixel at
        which any modality is valid is in one of them.
    """
    there = {m: mask for m, mask in masks.items() if mask.any()}
    if all(mask.all() for mask in there.values()):
        everywhere = np.ones_like(next(iter(masks.values())))
        return {tuple(there): everywhere} if there else {}
    kinds = np.zeros(next(iter(masks.values())).shape, np.int64)
    for bit, mask in enumerate(there.values()):
        kinds |= _near(mask).astype(np.int64) << bit
    kinds[~np.any(list(there.values()), axis=0)] = 0
    return {
        tuple(m for bit, m in enumerate(there) if kind >> bit & 1): (
            kinds == kind
        )
        for kind in np.unique(kinds[kinds > 0]).tolist()
    }


def filled(data: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Give invalid pixels the numbers of the nearest valid one.

    Args:
        data: (C, H, W).
        mask: Where it is valid, (H, W) bool.

    Returns:
        (C, H, W) without a gap; ``data`` itself if all or nothing is valid.
    """
    if mask.all() or not mask.any():
        return data
    _, labels = cv2.distanceTransformWithLabels(
        (~mask).astype(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    place = np.zeros(labels.max() + 1, np.int64)
    place[labels[mask]] = np.flatnonzero(mask)
    return data.reshape(len(data), -1)[:, place[labels]]


def context(margin: int) -> int:
    """How far from a pixel lies what decides its answer, in pixels.

    A modality that answers has a valid pixel at most ``REACH`` away. What a
    network sees of it, up to ``margin`` rows and columns away, is filled with
    the nearest valid pixel, which is no farther than that one.

    Args:
        margin: Pixels that the network sees in every direction.
    """
    return margin + math.ceil(math.sqrt(2) * margin) + REACH


def _near(mask: np.ndarray) -> np.ndarray:
    """Where a valid pixel is at most ``REACH`` away, (H, W) bool."""
    if mask.all():
        return mask
    distance = cv2.distanceTransform(
        (~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5
    )
    return distance <= REACH
