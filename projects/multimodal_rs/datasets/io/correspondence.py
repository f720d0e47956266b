"""Where the pixels of one grid lie on another."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import array_bounds
from rasterio.warp import transform, transform_bounds

from multimodal_rs.datasets.io.grid import Grid, same_crs
from multimodal_rs.datasets.io.opened import OpenedRaster, Window

PROBES = 9  # places per side that tell what lies under a window


@dataclass(frozen=True)
class Correspondence:
    """Where windows of a grid lie on a source.

    Attributes:
        source: Grid of the source.
        target: The other grid.
        systems: Reference system of either.
    """

    source: Grid
    target: Grid
    systems: tuple[CRS, CRS]

    @property
    def overlaps(self) -> bool:
        """Whether any of the source lies on the grid."""
        spans = self._spans(tuple((0, n) for n in self.target.size))
        return spans is not None and all(
            low < length and high > 0
            for (low, high), length in zip(
                spans, self.source.size, strict=True
            )
        )

    @property
    def reduction(self) -> float:
        """Pixels of the source on a side of one of the grid."""
        steps = self._steps(tuple((0, n) for n in self.target.size))
        area = abs(np.linalg.det(steps))
        return math.sqrt(area) if 0 < area < math.inf else 1.0

    def scales(self, window: Window) -> tuple[float, float] | None:
        """Get how many pixels of the grid lie along one of the source.

        Args:
            window: Of the grid; its middle counts.

        Returns:
            Along a column and along a row of the source, whichever way the
            grid is turned. None: the middle has no place on the source.
        """
        lengths = np.hypot(*self._steps(window).T)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            return None
        rows, columns = 1 / lengths
        return float(rows), float(columns)

    def needed(self, window: Window) -> Window | None:
        """Find the window of the source under a window of the grid.

        It is wider by what the kernel reaches. None: they do not overlap.
        """
        spans = self._spans(window)
        if spans is None:
            return None
        needed = []
        for (low, high), (first, last), length in zip(
            spans, window, self.source.size, strict=True
        ):
            reach = 2 + 2 * math.ceil((high - low) / (last - first))
            start = max(math.floor(low) - reach, 0)
            stop = min(math.ceil(high) + reach, length)
            if start >= stop:
                return None
            needed.append((start, stop))
        return tuple(needed)

    def _steps(self, window: Window) -> np.ndarray:
        """Get what a step of a pixel of the grid is on the source.

        Returns:
            (2, 2): rows and columns of the source, for a step along a row and
            one along a column in the middle of the window.
        """
        row, column = (sum(ends) // 2 for ends in window)
        places = np.stack(
            self._places(
                np.array([row, row, row + 1]),
                np.array([column, column + 1, column]),
            )
        )
        with np.errstate(invalid='ignore'):  # of places that are nowhere
            return places[:, 1:] - places[:, :1]

    def _spans(
        self, window: Window
    ) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Get first and last row, and column, of the source under a window.

        None: no place of the window has one in the system of the source.
        """
        edges = [np.linspace(*ends, PROBES) for ends in window]
        rows, columns = self._places(
            *(grid.ravel() for grid in np.meshgrid(*edges, indexing='ij'))
        )
        known = np.isfinite(rows) & np.isfinite(columns)
        if not known.any():
            return None
        rows, columns = rows[known], columns[known]
        return (
            (float(rows.min()), float(rows.max())),
            (float(columns.min()), float(columns.max())),
        )

    def _places(
        self, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Turn places of the grid (N,) into rows and columns of the source."""
        there, here = self.systems
        x, y = _apply(self.target.transform, columns, rows)
        if there != here:
            x, y = map(np.array, transform(here, there, x, y))
        columns, rows = _apply(~self.source.transform, x, y)
        return rows, columns


def _apply(
    affine: Affine, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return (
        affine.a * x + affine.b * y + affine.c,
        affine.d * x + affine.e * y + affine.f,
    )


def placed_window(
    grid: Grid, window: Window, out_shape: tuple[int, int] | None = None
) -> Affine:
    """Place the pixels of a window, or fewer in their stead.

    Args:
        grid: Its grid.
        window: Rows and columns of it.
        out_shape: (H, W) of the fewer pixels.
    """
    (top, bottom), (left, right) = window
    height, width = out_shape or (bottom - top, right - left)
    across, down = (right - left) / width, (bottom - top) / height
    x, y = _apply(grid.transform, left, top)
    t = grid.transform
    return Affine(
        *(t.a * across, t.b * down, float(x)),
        *(t.d * across, t.e * down, float(y)),
    )


def check_placed_by_grid(raster: OpenedRaster) -> None:
    """Refuse a raster whose place is not that of a grid.

    Raises:
        ValueError: If ground control points or RPCs place it.
    """
    if raster.has_control_points:
        target = f'{Path(raster.path).stem}_rectified.tif'
        raise ValueError(
            f'{raster.path} is placed by ground control points or RPCs, not '
            'by a grid: rectify it first: `gdalwarp -r bilinear -ot Float32 '
            f'-dstnodata nan {raster.path} {target}`, with `-srcnodata 0` if '
            '0 marks its empty pixels'
        )


def common_systems(source: OpenedRaster, grid: Grid) -> tuple[CRS, CRS]:
    """Get the reference systems of source and target, the same if unknown.

    Raises:
        ValueError: If there is no position, or none that can be converted.
    """
    check_placed_by_grid(source)
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
