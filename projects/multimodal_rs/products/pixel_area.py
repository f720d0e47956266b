"""How much ground a pixel covers."""

import math

import numpy as np
import pyproj
from rasterio import Affine

from multimodal_rs.datasets.io.grid import Grid

# Projected coordinates count as they are if they show areas to within this.
# Zones of UTM and national grids do; Web Mercator is far off.
HONEST = 0.01
STEP = 64  # rows between two areas that are computed on the ellipsoid
PIECE = 16  # pixels: side of a square whose area is computed there


def row_areas(grid: Grid) -> np.ndarray:
    """Compute the area of a pixel in every row, (H,) in square metres.

    Where the coordinates are projected and keep areas to within one percent,
    at the corners and in the middle, it is the area of a pixel in them, as
    every GIS counts. Longitude and latitude are computed on the ellipsoid,
    exactly, row by row. Other projections whose distortion depends on the row
    alone, as Mercator's, get the area on the ellipsoid.

    Raises:
        ValueError: If it is unknown where the map lies, or areas depend on
            the column too.
    """
    crs = grid.crs and pyproj.CRS.from_wkt(grid.crs.to_wkt())
    # A local system has a unit, but no place on the Earth.
    if not crs or crs.geodetic_crs is None or not grid.placed:
        raise ValueError(
            'area: the map does not say where it lies (no reference system, '
            'a local one, or no position): give it both with `rio edit-info '
            '--crs EPSG:... --transform ...`'
        )
    upright = grid.transform.b == grid.transform.d == 0
    if crs.is_geographic and upright:
        return _between_parallels(grid, crs)
    ground = _Ground(grid, crs)
    height, width = grid.size
    if not crs.is_geographic:
        unit = crs.axis_info[0].unit_conversion_factor
        plane = abs(grid.transform.determinant) * unit**2
        places = [(r, c) for r in (0, height) for c in (0, width)]
        places.append((height / 2, width / 2))
        found = np.array([ground.pixel(*place) for place in places])
        if (abs(found / plane - 1) <= HONEST).all():
            return np.full(height, plane)
    return _by_rows(grid, ground)


def place(
    transform: Affine, columns: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Apply a transform to arrays of columns and rows: x and y."""
    a, b, c, d, e, f = transform[:6]
    return a * columns + b * rows + c, d * columns + e * rows + f


def _between_parallels(grid: Grid, crs: pyproj.CRS) -> np.ndarray:
    """Areas between two parallels and two meridians of the ellipsoid."""
    ellipsoid = crs.ellipsoid
    inverse = ellipsoid.inverse_flattening
    flattening = 1 / inverse if inverse else 0.0  # a sphere has none
    squared = flattening * (2 - flattening)
    e = math.sqrt(squared)
    unit = crs.axis_info[0].unit_conversion_factor  # to radians
    edges = grid.transform.f + grid.transform.e * np.arange(grid.size[0] + 1)
    sine = np.sin(edges * unit)
    # From the equator to each edge, per radian of longitude.
    zone = sine / (1 - squared * sine**2)
    zone += np.arctanh(e * sine) / e if e else sine
    zone *= ellipsoid.semi_major_metre**2 * (1 - squared) / 2
    return abs(np.diff(zone)) * abs(grid.transform.a) * unit


class _Ground:
    """Areas of small squares of pixels on the ellipsoid."""

    def __init__(self, grid: Grid, crs: pyproj.CRS) -> None:
        geographic = crs.geodetic_crs
        # Of some old systems, as of the French, they are in grads.
        radians = geographic.axis_info[0].unit_conversion_factor
        self._degrees = math.degrees(radians)
        self._to_geographic = pyproj.Transformer.from_crs(
            crs, geographic, always_xy=True
        )
        self._geod = crs.get_geod()
        self._transform = grid.transform

    def pixel(self, row: float, column: float) -> float:
        """Compute the mean area of a pixel around a place."""
        columns = column + PIECE * np.array([-0.5, 0.5, 0.5, -0.5])
        rows = row + PIECE * np.array([-0.5, -0.5, 0.5, 0.5])
        x, y = place(self._transform, columns, rows)
        longitudes, latitudes = self._to_geographic.transform(x, y)
        area, _ = self._geod.polygon_area_perimeter(
            longitudes * self._degrees, latitudes * self._degrees
        )
        return abs(area) / PIECE**2


def _by_rows(grid: Grid, ground: _Ground) -> np.ndarray:
    height, width = grid.size
    rows = np.unique(np.append(np.arange(0, height, STEP), height))
    columns = (0, width / 2, width)
    found = np.array(
        [[ground.pixel(row, column) for column in columns] for row in rows]
    )
    middle = found[:, 1]
    if not (abs(found / middle[:, None] - 1) <= HONEST).all():
        raise ValueError(
            'area: in the reference system of the map the area of a pixel '
            'changes within a row by more than a percent: bring the map into '
            'one that keeps areas, `gdalwarp -t_srs EPSG:6933 -r near`'
        )
    return np.interp(np.arange(height) + 0.5, rows, middle)
