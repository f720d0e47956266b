"""Overlapping windows with mirrored context, blended row by row."""

from collections.abc import Sequence

import numpy as np

from multimodal_rs.utils.windows import Window, starts


def axis_starts(length: int, crop: int, stride: int) -> list[int]:
    """Place windows of full size along one axis of a scene.

    The windows cover the axis and (crop - stride) // 2 pixels beyond either
    end, so that pixels at the border are predicted from the middle of a
    window, like all others. A scene that fits into one window gets one,
    centred.

    Args:
        length: Pixels of the axis.
        crop: Pixels of a window.
        stride: Pixels between windows, at most ``crop``.

    Returns:
        First pixels, ascending; the first ones may be negative, and windows
        may end beyond the axis.
    """
    if length <= crop:
        starts(length, crop, stride)  # checks the stride
        return [-((crop - length) // 2)]
    margin = (crop - stride) // 2
    return [s - margin for s in starts(length + 2 * margin, crop, stride)]


def window_weight(crop: int) -> np.ndarray:
    """Weigh the pixels of a window along one axis.

    Half a sine wave, squared (Hann), sampled at the centres of the pixels: it
    falls towards the ends but is never 0, so that a pixel seen by a single
    window is right, too.

    Returns:
        (crop,) float32 in (0, 1].
    """
    centres = (np.arange(crop) + 0.5) / crop
    return (np.sin(np.pi * centres) ** 2).astype(np.float32)


def axis_weight(
    length: int, places: Sequence[int], weight: np.ndarray
) -> np.ndarray:
    """Add up the weights that each pixel of an axis gets.

    Windows stand on a grid, so the total of a pixel is the product of those
    of its row and its column: no map of weights is needed.

    Returns:
        (length,) float32, positive.
    """
    total = np.zeros(length, np.float32)
    for start in places:
        inside, part = _overlap(start, len(weight), length)
        total[inside] += weight[part]
    return total


class MovingBand:
    """The rows of a scene that windows are still added to.

    Args:
        channels (int): Channels of what is added up.
        height (int): Rows that windows of one row of windows touch.
        width (int): Columns of the scene.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        self.top = 0  # scene row of the band's first row
        self.sums = np.zeros((channels, height, width), np.float32)
        self.seen = np.zeros((height, width), np.uint16)

    def add(
        self, window: Window, values: np.ndarray, seen: np.ndarray
    ) -> None:
        """Add a window; what lies outside the scene is left out.

        Args:
            window: Its place in the scene.
            values: (channels, h, w), already weighted.
            seen: (h, w) uint16, a bit per modality that has data; 0
                where the scene has none.
        """
        height, width = self.seen.shape
        rows, inner_rows = _overlap(window.top - self.top, len(seen), height)
        columns, inner_columns = _overlap(window.left, seen.shape[1], width)
        self.sums[:, rows, columns] += values[:, inner_rows, inner_columns]
        self.seen[rows, columns] |= seen[inner_rows, inner_columns]

    def take(self, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Hand out the rows before scene row ``end`` and move on to it.

        Returns:
            Sums (channels, rows, W), and what was seen (rows, W).
        """
        count = end - self.top
        sums = self.sums[:, :count].copy()
        seen = self.seen[:count].copy()
        for array in (self.sums.swapaxes(0, 1), self.seen):
            left = len(array) - count
            array[:left] = array[count:]
            array[left:] = 0
        self.top = end
        return sums, seen


def _overlap(start: int, count: int, length: int) -> tuple[slice, slice]:
    """Intersect [start, start + count) with [0, length).

    Returns:
        The intersection as seen from 0 and as seen from ``start``.
    """
    first, last = max(start, 0), min(start + count, length)
    return slice(first, last), slice(first - start, last - start)
