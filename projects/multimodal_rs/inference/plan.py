"""Where the windows of a scene stand, and which pixels each of them answers.

Most networks answer better the more of its surroundings they see of a pixel.
Their windows overlap, reach beyond the scene and are blended, see
``blending.py``.

A network that declares its ``margin`` (``models/neighbourhood.py``) answers a
pixel no better for seeing more than that. Its windows lie in the scene, and
each pixel has one that answers it: one that shows the whole margin around the
pixel, as far as the scene goes. So the map is that of the whole scene, however
large windows are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from multimodal_rs.inference.blending import (
    axis_starts,
    axis_weight,
    window_weight,
)
from multimodal_rs.inference.presence import context
from multimodal_rs.utils.windows import Window, starts

Span = tuple[int, int]  # pixels [first, end) of an axis


def fitting_stride(crop: int, stride: int | None, margin: int | None) -> int:
    """Choose the distance between windows, or check the one that is asked for.

    Args:
        crop: Height and width of a window.
        stride: What is asked for; None: as usual. That is half of the crop,
            or as much as the margin leaves of it.
        margin: What the network declares.

    Raises:
        ValueError: If windows would leave pixels to nobody.
    """
    if margin is None:
        return max(crop // 2, 1) if stride is None else stride
    largest = crop - 2 * margin
    sees = f'the answers of this network depend on {margin} pixels around each'
    if largest < 1:
        raise ValueError(
            f'crop must be larger than {2 * margin}, got {crop}: {sees}, '
            'which no pixel of such a window has: take a larger crop, or '
            'leave it out'
        )
    if stride is not None and stride > largest:
        raise ValueError(
            f'stride must be at most {largest} with crop {crop}, got '
            f'{stride}: {sees}, which pixels between such windows would lack: '
            'take a smaller stride, or leave it out'
        )
    return largest if stride is None else stride


@dataclass(frozen=True)
class Axis:
    """Windows along one side of a scene.

    Attributes:
        crop: Pixels of a window.
        starts: Their first pixels, ascending.
        spans: Which pixels of the scene each of them answers.
        weight: (crop,) float32, how much each pixel of a window counts.
        total: (length,) float32, the weight that each pixel of the scene gets.
    """

    crop: int
    starts: list[int]
    spans: list[Span]
    weight: np.ndarray
    total: np.ndarray

    @classmethod
    def blended(cls, length: int, crop: int, stride: int) -> 'Axis':
        """Let windows overlap, and reach beyond the scene."""
        places = axis_starts(length, crop, stride)
        weight = window_weight(crop)
        total = axis_weight(length, places, weight)
        spans = [(start, start + crop) for start in places]
        return cls(crop, places, spans, weight, total)

    @classmethod
    def divided(
        cls, length: int, crop: int, stride: int, margin: int
    ) -> 'Axis':
        """Let each pixel be answered once, with its margin around it."""
        crop = min(crop, length)
        places = starts(length, crop, min(stride, crop))
        bounds = [0, *(start + margin for start in places[1:]), length]
        spans = list(zip(bounds[:-1], bounds[1:], strict=True))
        ones = np.ones(length, np.float32)
        return cls(crop, places, spans, ones[:crop], ones)

    def only(self, begin: int, end: int) -> 'Axis':
        """Keep the windows that answer for any of the pixels [begin, end)."""
        kept = [
            (place, (first, last))
            for place, (first, last) in zip(
                self.starts, self.spans, strict=True
            )
            if last > begin and first < end
        ]
        places, spans = (list(x) for x in zip(*kept, strict=True))
        return replace(self, starts=places, spans=spans)

    def answered(self, start: int) -> slice:
        """Which pixels of a window count, as seen from its first one."""
        first, end = self.spans[self.starts.index(start)]
        return slice(first - start, end - start)


@dataclass(frozen=True)
class Plan:
    """The windows of a scene.

    Attributes:
        size: (H, W) of the scene.
        down: Windows from top to bottom.
        across: Windows from left to right.
        margin: What the network declares; None: windows are blended.
        begin: First row that is wanted.
        end: Scene row before which all is done after the last window.
    """

    size: tuple[int, int]
    down: Axis
    across: Axis
    margin: int | None
    begin: int
    end: int

    @classmethod
    def of(
        cls, size: tuple[int, int], crop: int, stride: int, margin: int | None
    ) -> 'Plan':
        """Place the windows.

        Raises:
            ValueError: If they would leave pixels to nobody.
        """
        fitting_stride(crop, stride, margin)
        axes = [
            Axis.blended(length, crop, stride)
            if margin is None
            else Axis.divided(length, crop, stride, margin)
            for length in size
        ]
        return cls(size, *axes, margin, 0, size[0])

    def only(self, begin: int, end: int) -> 'Plan':
        """Keep the windows that answer rows [begin, end) of the scene."""
        down = self.down.only(begin, end)
        return replace(self, down=down, begin=begin, end=end)

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.down.starts) * len(self.across.starts)

    @property
    def top(self) -> int:
        """First row of the scene that a window touches."""
        return max(self.down.starts[0], 0)

    @property
    def band_height(self) -> int:
        """Rows of the scene that a row of windows touches at most."""
        return min(self.down.crop, self.size[0])

    @property
    def weights(self) -> tuple[np.ndarray, np.ndarray]:
        """How much each row and each column of a window counts."""
        return self.down.weight, self.across.weight

    def rows(self, batch_size: int) -> Iterator[tuple[list[Window], int]]:
        """Batches of windows, row by row.

        Yields:
            Windows, and the scene row before which all is done after them.
        """
        done = 0
        height, width = self.down.crop, self.across.crop
        for number, top in enumerate(self.down.starts):
            windows = [
                Window(top, left, top + height, left + width)
                for left in self.across.starts
            ]
            for first in range(0, len(windows), batch_size):
                if first + batch_size >= len(windows):
                    following = [*self.down.starts, self.end][number + 1]
                    done = max(following, 0)
                yield windows[first : first + batch_size], done

    def answered(self, window: Window) -> tuple[slice, slice]:
        """Rows and columns of a window that count, as its corner sees them."""
        return (
            self.down.answered(window.top),
            self.across.answered(window.left),
        )

    def around(self, window: Window) -> Window:
        """What has to be read for a window.

        More than itself where no answer may depend on windows: gaps of a
        modality are filled from pixels that are farther away.
        """
        if self.margin is None:
            return window
        more = context(self.margin) - self.margin
        height, width = self.size
        return Window(
            max(window.top - more, 0),
            max(window.left - more, 0),
            min(window.bottom + more, height),
            min(window.right + more, width),
        )
