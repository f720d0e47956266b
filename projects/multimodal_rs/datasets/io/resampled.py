"""A raster seen on another grid; it is resampled where it is read."""

import math
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.warp import reproject

from multimodal_rs.datasets.io.correspondence import (
    Correspondence,
    common_systems,
    placed_window,
)
from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.io.masks import masked_ids
from multimodal_rs.datasets.io.opened import OpenedRaster, Window
from multimodal_rs.datasets.io.view import RasterView

MEASURED = ('bilinear', 'average', 'nearest')
CLASSES = ('nearest', 'mode')  # ids have no mean
BLOCK, SMALLEST = 256, 16  # pixels, side of what is resampled at once
SPAN = 4096  # pixels of the source under a side of a block, at most
KEPT = 2**26  # bytes of resampled blocks
# Bands (C, H, W) as read, the nodata value of each, and where a mask says
# empty -> float32, NaN where invalid.
Prepare = Callable[
    [np.ndarray, Sequence[float | None], np.ndarray | None], np.ndarray
]


class ResampledRaster(RasterView):
    """A raster on another grid. A context manager that owns its source.

    Measurements become float32. Invalid pixels of the source count for
    nothing, and where no valid one is near, and outside of the source, the
    result is NaN, which is also its nodata value. Ids keep their type; one
    that a mask calls empty is that of the outside.

    It is resampled in square blocks that lie on the new grid, so that a pixel
    is the same in whichever window it is read. Blocks are kept for a while:
    windows overlap.

    Note:
        Between reference systems, places are right to an eighth of a pixel of
        the source: GDAL interpolates them within each row of a block.

    Args:
        source (OpenedRaster): What to resample; closed with this raster.
        grid (Grid): Where.
        method (str): One of ``MEASURED``, or of ``CLASSES`` for ids.
        prepare (Callable, optional): Makes the invalid pixels of a
            measurement NaN. None: these are ids.
        outside (Sequence[int]): Id of each band where the source has nothing.
        measured (Collection[int], optional): Bands that hold measurements
            even if the file calls one alpha. None: its masks do not count.
        bands (Sequence[int], optional): The only ones that will be read, each
            once. None: all.

    Raises:
        ValueError: If a raster has no position, or one that cannot be
            converted.
    """

    def __init__(
        self,
        source: OpenedRaster,
        grid: Grid,
        method: str,
        prepare: Prepare | None,
        outside: Sequence[int] = (),
        measured: Collection[int] | None = None,
        bands: Sequence[int] | None = None,
    ) -> None:
        super().__init__(source)
        self.size = grid.size
        self._grid = grid
        self.method = method
        self._prepare = prepare
        self._measured = measured
        self._kept = tuple(range(source.bands) if bands is None else bands)
        fill = (np.nan,) * len(self._kept) if prepare else outside
        self._outside = np.reshape(fill, (-1, 1, 1))
        self._moved = bool(differences(dict(ours=grid, theirs=source.grid)))
        self._blocks: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()
        if self._moved:
            systems = common_systems(source, grid)
            self._places = Correspondence(source.grid, grid, systems)
            self._side = _block_side(self._places.reduction)

    @property
    def grid(self) -> Grid:
        """Size and position after resampling."""
        return self._grid

    @property
    def dtypes(self) -> Sequence[str]:
        """float32 for measurements, else that of the source."""
        if self._prepare is None:
            return self._source.dtypes
        return ('float32',) * self.bands

    def nodata(self, bands: Sequence[int]) -> float | None:
        """Get NaN, for ids what the source declares."""
        return math.nan if self._prepare else self._source.nodata(bands)

    @property
    def overlaps(self) -> bool:
        """Whether any of the source lies on the grid."""
        return not self._moved or self._places.overlaps

    @property
    def reduction(self) -> float:
        """Pixels of the source on a side of one of the grid."""
        return self._places.reduction if self._moved else 1.0

    def close(self) -> None:
        """Close the source."""
        self._blocks.clear()
        self._source.close()

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        window = window or ((0, self.size[0]), (0, self.size[1]))
        if not self._moved:
            data = self._load(window, out_shape)
        elif out_shape is None:
            data = self._put_together(window)
        else:
            data = self._reduced(window, out_shape)
        order = [self._kept.index(b) for b in bands]
        return np.ascontiguousarray(data[order], dtype)

    def _load(
        self, window: Window, out_shape: tuple[int, int] | None = None
    ) -> np.ndarray:
        """Read the bands of the source, invalid pixels as NaN."""
        bands = self._kept
        data = self._source.read(bands, window, out_shape)
        if self._prepare is None:
            masked = masked_ids(self._source, bands, window, out_shape)
            if masked is not None:
                outside = self._outside.astype(data.dtype)
                data = np.where(masked, outside, data)
            return data
        nodata = [self._source.nodata((b,)) for b in bands]
        masked = None
        if self._measured is not None:
            masked = self._source.masked(
                bands, window, out_shape, self._measured
            )
        return self._prepare(data, nodata, masked)

    def _put_together(self, window: Window) -> np.ndarray:
        """Fill a window from blocks."""
        (top, bottom), (left, right) = window
        shape = len(self._kept), bottom - top, right - left
        out = np.empty(shape, self.dtypes[0])
        for row, ours, its in _pieces(top, bottom, self._side):
            for column, here, there in _pieces(left, right, self._side):
                block = self._block(row, column)
                out[:, ours, here] = block[:, its, there]
        return out

    def _block(self, row: int, column: int) -> np.ndarray:
        """Resample a block, or take it from those that are kept."""
        key = row, column
        if key not in self._blocks:
            side = self._side
            window = tuple(
                (n * side, min((n + 1) * side, length))
                for n, length in zip(key, self.size, strict=True)
            )
            self._blocks[key] = self._resample(window)
        self._blocks.move_to_end(key)
        block = self._blocks[key]
        # All of a row of windows at best; at least the one that is read.
        while len(self._blocks) > max(KEPT // block.nbytes, 4):
            self._blocks.popitem(last=False)
        return block

    def _resample(self, window: Window) -> np.ndarray:
        out = self._nothing(tuple(stop - start for start, stop in window))
        target = placed_window(self._grid, window)
        for source, needed in self._places.needed(window):
            self._warp(
                self._load(needed),
                placed_window(source, needed),
                target,
                out,
                Resampling[self.method],
                self._places.scales(window),
            )
        return out

    def _reduced(
        self, window: Window, out_shape: tuple[int, int]
    ) -> np.ndarray:
        """Resample with fewer pixels, of which the source is read, too."""
        out = self._nothing(out_shape)
        target = placed_window(self._grid, window, out_shape)
        factor = min(
            (stop - start) / n
            for (start, stop), n in zip(window, out_shape, strict=True)
        )
        step = max(factor * self.reduction, 1)
        for source, needed in self._places.needed(window):
            small = tuple(max(round((b - a) / step), 1) for a, b in needed)
            self._warp(
                self._load(needed, small),
                placed_window(source, needed, small),
                target,
                out,
                Resampling.nearest,
            )
        return out

    def _nothing(self, shape: tuple[int, int]) -> np.ndarray:
        target = np.empty((len(self._kept), *shape), self.dtypes[0])
        target[:] = self._outside
        return target

    def _warp(
        self,
        data: np.ndarray,
        source: Affine,
        target: Affine,
        out: np.ndarray,
        method: Resampling,
        scales: tuple[float, float] | None = None,
    ) -> None:
        """Write what lies on ``out`` into it; the rest stays as it is."""
        options = {}
        if self._prepare is not None:
            # Ids have none: GDAL would change those that are equal by one.
            options |= dict(src_nodata=math.nan, dst_nodata=math.nan)
        if scales is not None:
            # GDAL would compare the sides of the block and of what it needs,
            # and take a raster that is turned for one with other pixels.
            options |= dict(YSCALE=scales[0], XSCALE=scales[1])
        reproject(
            data,
            out,
            src_transform=source,
            src_crs=self._places.systems[0],
            dst_transform=target,
            dst_crs=self._places.systems[1],
            resampling=method,
            init_dest_nodata=False,
            **options,
        )


def _block_side(reduction: float) -> int:
    """Choose a power of two whose source fits into the memory."""
    side = BLOCK
    while side > SMALLEST and side * reduction > SPAN:
        side //= 2
    return side


def _pieces(
    start: int, stop: int, side: int
) -> Iterator[tuple[int, slice, slice]]:
    """Divide a part of an axis among the blocks that it touches.

    Yields:
        Number of the block, and the piece as seen from ``start`` and as seen
        from the start of the block.
    """
    for number in range(start // side, -(-stop // side)):
        first = max(number * side, start)
        last = min((number + 1) * side, stop)
        yield (
            number,
            slice(first - start, last - start),
            slice(first - number * side, last - number * side),
        )
