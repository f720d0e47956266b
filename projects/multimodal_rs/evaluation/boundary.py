"""Where the classes of a label map meet."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from scipy import ndimage

from multimodal_rs.utils.labels import IGNORED


def class_borders(
    label: torch.Tensor | ArrayLike, ignore_index: int = IGNORED
) -> np.ndarray:
    """Find the pixels that have a neighbour of another class.

    Neighbours share a side. The edge of the image is no border, and neither
    is that of an ignored area: what lies behind it is not known.

    Args:
        label: (H, W) train ids.
        ignore_index: Train id that is no class.

    Returns:
        (H, W) bool; on both sides of a border.
    """
    label = np.asarray(label)
    valid = label != ignore_index
    borders = np.zeros(label.shape, bool)
    for axis in (0, 1):
        ids, known, marks = (
            np.moveaxis(array, axis, 0) for array in (label, valid, borders)
        )
        differs = (ids[:-1] != ids[1:]) & known[:-1] & known[1:]
        marks[:-1] |= differs
        marks[1:] |= differs
    return borders


def border_band(
    label: torch.Tensor | ArrayLike,
    width: int,
    ignore_index: int = IGNORED,
) -> np.ndarray:
    """Find the labelled pixels within some pixels of a border of classes.

    The pixels beside a border have the distance 1; distances are Euclidean,
    between the centres of pixels, and pass through ignored areas.

    Args:
        label: (H, W) train ids.
        width: Largest distance that counts, at least 1.
        ignore_index: Train id that is no class, and in no band.

    Returns:
        (H, W) bool. Empty where all is one class.
    """
    label = np.asarray(label)
    borders = class_borders(label, ignore_index)
    if not borders.any():
        return borders
    distance = ndimage.distance_transform_edt(~borders)
    return (distance <= width - 1) & (label != ignore_index)
