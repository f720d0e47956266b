"""Layers of a scene whose pixels are larger than those of the others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from multimodal_rs.data_prep.scenes import SceneLayer
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import OpenedRaster, Window
from multimodal_rs.datasets.io.view import RasterView


@dataclass(frozen=True, kw_only=True)
class RepeatedLayer(SceneLayer):
    """A raster without a position, from the same corner as another one.

    Attributes:
        like: The raster on whose grid it is seen.
        factor: Pixels of that grid along the side of one of its own.
    """

    like: SceneLayer
    factor: int
    compressed: bool = True  # nine pixels in ten repeat another one
    optional: bool = True

    def open(self) -> OpenedRaster:
        """Open it for reading, on the other grid.

        Raises:
            ValueError: If it does not cover that grid, or much more.
        """
        with self.like.open() as other:
            size = other.size
        return repeated(super().open(), size, self.factor)


def repeated(
    source: OpenedRaster, size: tuple[int, int], factor: int
) -> 'RepeatedRaster':
    """See a raster on a finer grid that begins at the same corner.

    Every pixel becomes ``factor`` x ``factor`` equal ones; what reaches beyond
    the grid is cut off.

    Args:
        source: What to repeat; closed with the result.
        size: (H, W) of the finer grid.
        factor: Pixels of that grid along the side of one of the source.

    Raises:
        ValueError: If the source does not cover the grid, or more than a
            pixel of its own more.
    """
    beyond = [
        factor * own - n for own, n in zip(source.size, size, strict=True)
    ]
    if not all(0 <= n < 2 * factor for n in beyond):
        source.close()
        raise ValueError(
            f'{source.path}: got (H, W) {tuple(source.size)}, whose '
            f'pixels, {factor} times as large, should cover {size} and '
            'less than one more: see whether it is of this scene, and not '
            'transposed'
        )
    return RepeatedRaster(source, *(np.arange(n) // factor for n in size))


def stretched(
    source: OpenedRaster, size: tuple[int, int]
) -> 'RepeatedRaster | None':
    """See a raster on a finer grid that covers the same ground.

    Every pixel of the grid is the one of the source in which its centre lies.
    The pixels of the source may be any times as large, not only a whole
    number of times, but the same along both sides.

    Args:
        source: What to repeat; closed with the result.
        size: (H, W) of the finer grid.

    Returns:
        None if both cannot cover the same ground: at the ratio of the
        widths, their heights differ by more than a pixel of the source.
    """
    (height, width), (rows, columns) = size, source.size
    ratio = width / columns
    if ratio < 1 or abs(height - rows * ratio) > ratio:
        return None
    return RepeatedRaster(
        source,
        ((np.arange(height) + 0.5) * rows / height).astype(int),
        ((np.arange(width) + 0.5) * columns / width).astype(int),
    )


class RepeatedRaster(RasterView):
    """A raster on a finer grid. A context manager that owns its source.

    Args:
        source (OpenedRaster): What to repeat; closed with this raster.
        rows (np.ndarray): (H,) int, ascending: row of the source that each
            row of the grid shows.
        columns (np.ndarray): (W,) int, ascending: the same of the columns.
    """

    def __init__(
        self, source: OpenedRaster, rows: np.ndarray, columns: np.ndarray
    ) -> None:
        super().__init__(source)
        self.size = (len(rows), len(columns))
        self.missing = source.missing
        self._shown = (rows, columns)

    @property
    def grid(self) -> Grid:
        """Its size; such a raster does not say where it lies."""
        return Grid(self.size)

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Repeat what the source calls empty, as its numbers are."""
        assert out_shape is None, 'tiles are cut at full resolution'
        coarse, shown = self._coarse(window)
        mask = self._source.masked(bands, coarse, measured=measured)
        return None if mask is None else mask[..., shown[0], shown[1]]

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        assert out_shape is None, 'tiles are cut at full resolution'
        coarse, shown = self._coarse(window)
        data = self._source.read(bands, coarse, dtype=dtype)
        return data[..., shown[0], shown[1]]

    def _coarse(
        self, window: Window | None
    ) -> tuple[Window, tuple[np.ndarray, np.ndarray]]:
        """Say what a window shows.

        Returns:
            The window of the source, and the row (h, 1) and column (w,) of
            it that each pixel shows.
        """
        window = window or ((0, self.size[0]), (0, self.size[1]))
        rows, columns = (
            axis[start:stop]
            for axis, (start, stop) in zip(self._shown, window, strict=True)
        )
        coarse = tuple((int(x[0]), int(x[-1]) + 1) for x in (rows, columns))
        return coarse, ((rows - rows[0])[:, None], columns - columns[0])
