"""A layer of a scene whose pixels are larger than those of the others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from multimodal_rs.data_prep.scenes import SceneLayer
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Scaling,
    Window,
)


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
        return RepeatedRaster(super().open(), size, self.factor)


class RepeatedRaster(OpenedRaster):
    """A raster on a finer grid. A context manager that owns its source.

    Every pixel becomes ``factor`` x ``factor`` equal ones; what reaches beyond
    the grid is cut off.

    Args:
        source (OpenedRaster): What to repeat; closed with this raster.
        size (tuple[int, int]): (H, W) of the finer grid.
        factor (int): Pixels of that grid along the side of one of the source.

    Raises:
        ValueError: If the source does not cover the grid, or more than a
            pixel of its own more.
    """

    def __init__(
        self, source: OpenedRaster, size: tuple[int, int], factor: int
    ) -> None:
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
        self.path = source.path
        self.bands = source.bands
        self.size = size
        self._source = source
        self._factor = factor

    @property
    def grid(self) -> Grid:
        """Its size; such a raster does not say where it lies."""
        return Grid(self.size)

    @property
    def dtypes(self) -> Sequence[str]:
        """Those of the source."""
        return self._source.dtypes

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get that of the source."""
        return self._source.nodata(bands)

    @property
    def names(self) -> Sequence[str | None]:
        """What the source calls its bands."""
        return self._source.names

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get that of the source."""
        return self._source.scaling(bands)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        assert out_shape is None, 'tiles are cut at full resolution'
        window = window or ((0, self.size[0]), (0, self.size[1]))
        factor = self._factor
        coarse = tuple((a // factor, -(-b // factor)) for a, b in window)
        data = self._source.read(bands, coarse, dtype=dtype)
        for axis, ((start, stop), (first, _)) in enumerate(
            zip(window, coarse, strict=True), start=1
        ):
            rows = np.arange(start, stop) // factor - first
            data = data.take(rows, axis=axis)
        return data
