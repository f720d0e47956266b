"""Where the pixels of one grid lie on another."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from rasterio import Affine
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.transform import array_bounds
from rasterio.warp import transform, transform_bounds

from multimodal_rs.datasets.io.grid import Grid, same_crs
from multimodal_rs.datasets.io.opened import OpenedRaster, Window

PROBES = 9  # places per side that tell what lies under a window
WEB_MERCATOR = 3857  # EPSG code
EQUATOR = 2 * math.pi * 6_378_137  # metres, its length there


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
        whole = tuple((0, n) for n in self.target.size)
        return any(
            all(
                low < length and high > 0
                for (low, high), length in zip(spans, source.size, strict=True)
            )
            for source, spans in self._spans(whole)
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

    def needed(self, window: Window) -> list[tuple[Grid, Window]]:
        """Find the windows of the source under a window of the grid.

        They are wider by what the kernel reaches. There is one at most, but
        for a source that goes around the earth: the two ends of its rows meet
        at a meridian.

        Returns:
            The grid of the source, moved once around the earth where it
            counts its longitudes otherwise than the grid, and the window.
        """
        found = []
        for source, spans in self._spans(window):
            needed = []
            for (low, high), (first, last), length in zip(
                spans, window, source.size, strict=True
            ):
                reach = 2 + 2 * math.ceil((high - low) / (last - first))
                start = max(math.floor(low) - reach, 0)
                stop = min(math.ceil(high) + reach, length)
                needed.append((start, stop))
            if all(start < stop for start, stop in needed):
                found.append((source, tuple(needed)))
        return found

    def _steps(self, window: Window) -> np.ndarray:
        """Get what a step of a pixel of the grid is on the source.

        Returns:
            (2, 2): rows and columns of the source, for a step along a row and
            one along a column in the middle of the window.
        """
        row, column = (sum(ends) // 2 for ends in window)
        x, y = self._coordinates(
            np.array([row, row, row + 1]),
            np.array([column, column + 1, column]),
        )
        with np.errstate(invalid='ignore'):  # of places that are nowhere
            east, north = x[1:] - x[0], y[1:] - y[0]
            if math.isfinite(self._circle):
                east -= self._circle * np.round(east / self._circle)
        t = ~self.source.transform
        return np.stack([t.d * east + t.e * north, t.a * east + t.b * north])

    def _spans(
        self, window: Window
    ) -> list[tuple[Grid, tuple[tuple[float, float], ...]]]:
        """Get first and last row, and column, of the source under a window.

        Returns:
            They, for every way to count longitudes in which the source may
            lie there, and the grid that it then has. Empty: no place of the
            window has one in the system of the source.
        """
        edges = [np.linspace(*ends, PROBES) for ends in window]
        x, y = self._coordinates(
            *(grid.ravel() for grid in np.meshgrid(*edges, indexing='ij'))
        )
        pole = self._pole(*(n.reshape(PROBES, PROBES) for n in (x, y)))
        known = np.isfinite(x) & np.isfinite(y)
        if not known.any():
            return []
        x, y = x[known], y[known]
        middle = float(x[len(x) // 2])
        if pole is not None:
            # Around it are all longitudes, whatever the probes have found.
            half = self._circle / 2
            x = np.append(x, (middle - half, middle + half))
            y = np.append(y, (pole, pole))
        found = []
        for source in self._turned(middle):
            columns, rows = _apply(~source.transform, x, y)
            spans = tuple(
                (float(n.min()), float(n.max())) for n in (rows, columns)
            )
            found.append((source, spans))
        return found

    def _turned(self, x: float) -> list[Grid]:
        """Move the source around the earth, to where ``x`` may lie on it."""
        if math.isinf(self._circle):
            return [self.source]
        height, width = self.source.size
        middle, _ = _apply(self.source.transform, width / 2, height / 2)
        turns = round((x - middle) / self._circle)
        return [
            replace(
                self.source,
                transform=_moved(self.source.transform, n * self._circle),
            )
            for n in (turns, turns - 1, turns + 1)
        ]

    def _pole(self, x: np.ndarray, y: np.ndarray) -> float | None:
        """Get the latitude of the pole that a window surrounds, if any.

        Args:
            x: Longitudes of places in the window, (N, N).
            y: Their latitudes.
        """
        if not self.systems[0].is_geographic:
            return None
        ring = np.concatenate([x[0], x[1:, -1], x[-1, -2::-1], x[-2::-1, 0]])
        with np.errstate(invalid='ignore'):  # of places that are nowhere
            steps = np.diff(ring)
        turns = np.round(steps / self._circle).sum()
        # Longitudes that go all around come back with a turn too many.
        if not abs(turns) == 1:
            return None
        return math.copysign(self._circle / 4, float(np.nansum(y)))

    @cached_property
    def _circle(self) -> float:
        """What x grows by around the earth; inf: by nothing that is known."""
        return around_the_earth(self.systems[0])

    def _coordinates(
        self, rows: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Turn places of the grid (N,) into coordinates of the source.

        Longitudes go on beyond 180 degrees where the grid does, as they do
        where GDAL warps. Other coordinates begin anew there, so that a source
        is warped once for each end.
        """
        there, here = self.systems
        x, y = _apply(self.target.transform, columns, rows)
        if there == here:
            return x, y
        x, y = converted(here, there, x, y)
        known = np.flatnonzero(np.isfinite(x))
        if len(known) and there.is_geographic:
            middle = x[known[len(known) // 2]]
            x[known] -= self._circle * np.round(
                (x[known] - middle) / self._circle
            )
        return x, y


def around_the_earth(system: CRS) -> float:
    """What x grows by around the earth; inf: by nothing that is known."""
    if system.is_geographic:
        return round(2 * math.pi / system.units_factor[1], 9)
    return EQUATOR if system.to_epsg() == WEB_MERCATOR else math.inf


def converted(
    here: CRS, there: CRS, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Convert coordinates (N,) from one reference system to another.

    They are infinite where there are none, beyond a pole for one.

    Raises:
        CRSError: If GDAL knows no way from one system to the other.
    """
    # A single latitude of more than 90 degrees would end it for all.
    pole = around_the_earth(here) / 4 if here.is_geographic else math.inf
    known = abs(y) <= pole * (1 + 1e-12)
    found = np.full((2, len(x)), math.inf)
    if known.any():
        try:
            found[:, known] = transform(here, there, x[known], y[known])
        except CPLE_BaseError as error:
            raise CRSError(str(error)) from error
    return found[0], found[1]


def _apply(
    affine: Affine, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return (
        affine.a * x + affine.b * y + affine.c,
        affine.d * x + affine.e * y + affine.f,
    )


def _moved(affine: Affine, x: float) -> Affine:
    """Add a distance to all x."""
    a, b, c, d, e, f = tuple(affine)[:6]
    return Affine(a, b, c + x, d, e, f)


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
        # Any one will do, as long as it has no longitudes: nothing is
        # converted.
        known = theirs or ours or CRS.from_epsg(3395)
        return known, known
    try:
        transform_bounds(
            ours, theirs, *array_bounds(*source.size, source.grid.transform)
        )
    except (CRSError, CPLE_BaseError) as error:
        raise ValueError(
            f'{source.path}: its reference system {ours.to_wkt()[:80]!r} '
            f'cannot be converted to {theirs.to_wkt()[:80]!r} ({error}): '
            'declare the right one (`rio edit-info --crs`)'
        ) from error
    return ours, theirs
