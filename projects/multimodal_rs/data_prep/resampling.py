"""A raster seen on another grid; its windows are resampled when read."""

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import CRSError
from rasterio.transform import array_bounds
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window as RasterioWindow
from rasterio.windows import transform as window_transform

from multimodal_rs.datasets.io.grid import Grid, differences, same_crs
from multimodal_rs.datasets.io.opened import OpenedRaster, Scaling, Window

MEASURED = ('bilinear', 'average', 'nearest')
CLASSES = ('nearest', 'mode')  # ids have no mean
# All bands (C, H, W) as read, the nodata value of each, and where a mask says
# empty -> float32, NaN where invalid.
Prepare = Callable[
    [np.ndarray, Sequence[float | None], np.ndarray | None], np.ndarray
]


class ResampledRaster(OpenedRaster):
    """A raster on another grid. A context manager that owns its source.

    Measurements become float32. Invalid pixels of the source count for
    nothing, and where no valid one is near, and outside of the source, the
    result is NaN, which is also its nodata value. Ids keep their type.

    Note:
        Between reference systems, places are right to an eighth of a pixel:
        GDAL interpolates them within each window, so that windows which meet
        can differ by as much at their seam.

    Args:
        source (OpenedRaster): What to resample; closed with this raster.
        grid (Grid): Where.
        method (str): One of ``MEASURED``, or of ``CLASSES`` for ids.
        prepare (Callable, optional): Makes the invalid pixels of a
            measurement NaN. None: these are ids.
        outside (Sequence[int]): Id of each band where the source has nothing.
        measured (Collection[int], optional): Bands that hold measurements
            even if the file calls one alpha. None: its masks do not count.

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
    ) -> None:
        self.path = source.path
        self.bands = source.bands
        self.size = grid.size
        self._source = source
        self._grid = grid
        self._method = Resampling[method]
        self._prepare = prepare
        self._measured = measured
        fill = (np.nan,) * source.bands if prepare else outside
        self._outside = np.reshape(fill, (-1, 1, 1))
        self._moved = bool(differences(dict(ours=grid, theirs=source.grid)))
        if self._moved:
            self._crs = _systems(source, grid)

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
    def names(self) -> Sequence[str | None]:
        """What the source calls its bands."""
        return self._source.names

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get that of the source: resampling is linear in the numbers."""
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
        if self._moved:
            data = self._resample(window)
        else:
            data = self._load(window)
        return np.ascontiguousarray(data[list(bands)], dtype)

    def _load(self, window: Window) -> np.ndarray:
        """Read all bands of the source, invalid pixels as NaN."""
        data = self._source.read(window=window)
        if self._prepare is None:
            return data
        nodata = [self._source.nodata((b,)) for b in range(self.bands)]
        masked = None
        if self._measured is not None:
            bands = range(self.bands)
            masked = self._source.masked(
                bands, window, measured=self._measured
            )
        return self._prepare(data, nodata, masked)

    def _resample(self, window: Window) -> np.ndarray:
        (top, bottom), (left, right) = window
        shape = bottom - top, right - left
        transform = _inside(self._grid.transform, top, left)
        target = np.empty((self.bands, *shape), self.dtypes[0])
        target[:] = self._outside
        needed = self._needed(transform, shape)
        if needed is None:
            return target
        (first_row, _), (first_column, _) = needed
        source, crs = self._source.grid, self._crs
        # Ids without a nodata value: GDAL would change those that are equal
        # to it by one.
        fill = (
            dict(init_dest_nodata=False)
            if self._prepare is None
            else dict(src_nodata=math.nan, dst_nodata=math.nan)
        )
        reproject(
            self._load(needed),
            target,
            src_transform=_inside(source.transform, first_row, first_column),
            src_crs=crs[0],
            dst_transform=transform,
            dst_crs=crs[1],
            resampling=self._method,
            **fill,
        )
        return target

    def _needed(
        self, transform: Affine, shape: tuple[int, int]
    ) -> Window | None:
        """Find the window of the source under a window of the target.

        It is wider by what the kernel reaches. None: they do not overlap.
        """
        source, crs = self._source.grid, self._crs
        bounds = array_bounds(*shape, transform)
        if crs[0] != crs[1]:
            bounds = transform_bounds(crs[1], crs[0], *bounds)
        west, south, east, north = bounds
        inverse = ~source.transform
        x, y = np.meshgrid((west, east), (south, north))
        rows = inverse.d * x + inverse.e * y + inverse.f
        columns = inverse.a * x + inverse.b * y + inverse.c
        window = []
        for places, pixels, length in zip(
            (rows, columns), shape, source.size, strict=True
        ):
            low, high = float(places.min()), float(places.max())
            reach = 2 + 2 * math.ceil((high - low) / pixels)
            start = max(math.floor(low) - reach, 0)
            stop = min(math.ceil(high) + reach, length)
            if start >= stop:
                return None
            window.append((start, stop))
        return tuple(window)


def _inside(transform: Affine, top: int, left: int) -> Affine:
    """Move the origin of a grid to one of its pixels."""
    return window_transform(RasterioWindow(left, top, 1, 1), transform)


def _systems(source: OpenedRaster, grid: Grid) -> tuple[CRS, CRS]:
    """Get the reference systems of source and target, the same if unknown.

    Raises:
        ValueError: If there is no position, or none that can be converted.
    """
    if source.has_control_points:
        raise ValueError(
            f'{source.path} is placed by ground control points or RPCs, not '
            'by a grid: rectify it first, with `gdalwarp` or `rio warp`'
        )
    if not (source.grid.placed and grid.placed):
        raise ValueError(
            f'{source.path}, (H, W) {source.size}, cannot be resampled to (H, '
            f'W) {grid.size}: both need a georeference (GeoTIFF, world file), '
            'at least one has none'
        )
    ours, theirs = source.grid.crs, grid.crs
    if ours is None or theirs is None or same_crs(ours, theirs):
        # Any one will do: nothing is converted.
        known = theirs or ours or CRS.from_epsg(3857)
        return known, known
    try:
        transform_bounds(
            ours, theirs, *array_bounds(*source.size, source.grid.transform)
        )
    except CRSError as error:
        raise ValueError(
            f'{source.path}: its reference system {ours.to_wkt()[:80]!r} '
            f'cannot be converted to {theirs.to_wkt()[:80]!r} ({error}): '
            'declare the right one (`rio edit-info --crs`)'
        ) from error
    return ours, theirs
