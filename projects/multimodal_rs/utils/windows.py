"""Sliding windows over an image: pure geometry."""

from collections.abc import Iterator
from typing import NamedTuple


class Window(NamedTuple):
    """Rows [top, bottom) and columns [left, right) in pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Row and column slices."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def seen_from(self, other: 'Window') -> 'Window':
        """The same window, as the corner of another one sees it."""
        return Window(
            self.top - other.top,
            self.left - other.left,
            self.bottom - other.top,
            self.right - other.left,
        )


def starts(length: int, crop: int, stride: int) -> list[int]:
    """Place windows along one axis.

    The last window is moved back so that it ends with the axis. An axis
    shorter than the crop gets one window.

    Args:
        length: Pixels of the axis.
        crop: Pixels of a window.
        stride: Pixels between windows, at most ``crop``.

    Returns:
        First pixels, ascending, without repetition.
    """
    if not 0 < stride <= crop:
        raise ValueError(
            f'stride must be in 1..crop, got stride {stride} with crop '
            f'{crop}: windows would leave gaps'
        )
    last = max(length - crop, 0)
    return [*range(0, last, stride), last]


def sliding_windows(
    size: tuple[int, int], crop: tuple[int, int], stride: tuple[int, int]
) -> Iterator[Window]:
    """Cover an image with windows, row by row.

    Args:
        size: (H, W) of the image.
        crop: (H, W) of a window; windows are smaller only where the image is.
        stride: (rows, columns) between windows.
    """
    for top in starts(size[0], crop[0], stride[0]):
        for left in starts(size[1], crop[1], stride[1]):
            yield Window(
                top,
                left,
                min(top + crop[0], size[0]),
                min(left + crop[1], size[1]),
            )
