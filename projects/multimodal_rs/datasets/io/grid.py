"""Grids of rasters, and the one rule for when two are the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rasterio import Affine
from rasterio.crs import CRS

# Largest shift of a corner, in pixels, between grids that count as one. What
# programs round when they write coordinates is far less (a thousandth of a
# pixel over a scene), and a network does not see a twentieth of one; half a
# pixel, the usual error (corner taken for centre), is ten times as much.
TOLERANCE = 0.05


@dataclass(frozen=True)
class Grid:
    """Size of a raster and where it lies.

    Attributes:
        size: (H, W) in pixels.
        crs: Coordinate reference system, None where none is known. Without a
            position it places nothing: DFC2020's files have that.
        transform: From (column, row) to coordinates. The identity is no
            position: GDAL gives it to files that state none.
    """

    size: tuple[int, int]
    crs: CRS | None = None
    transform: Affine = Affine.identity()

    @property
    def placed(self) -> bool:
        """Whether the file says where it lies."""
        return self.transform != Affine.identity()


def differences(grids: Mapping[str, Grid]) -> list[str]:
    """Say in which respects rasters do not share one grid.

    They share one if their sizes are equal, the corners of all that say where
    they lie are at most ``TOLERANCE`` pixels apart, and the reference systems
    of all that have one are the same (:func:`same_crs`). What a file does not
    state (arrays, pictures, world files without a CRS) contradicts nothing.

    Args:
        grids: Name of the raster -> grid.

    Returns:
        One text per difference, with the names and both values. Empty: they
        share one grid.
    """
    sizes = {name: grid.size for name, grid in grids.items()}
    placed = {n: g.transform for n, g in grids.items() if g.placed}
    systems = {n: grids[n].crs for n in placed if grids[n].crs is not None}
    found = [
        f'size (H, W) {ours} of {first} and {theirs} of {other}'
        for (first, ours), (other, theirs) in _against_first(sizes)
        if ours != theirs
    ]
    found += [
        f'CRS {_short(ours)} of {first} and {_short(theirs)} of {other}'
        for (first, ours), (other, theirs) in _against_first(systems)
        if not same_crs(ours, theirs)
    ]
    found += [
        f'transform {tuple(ours)[:6]} of {first} and {tuple(theirs)[:6]} of '
        f'{other}'
        for (first, ours), (other, theirs) in _against_first(placed)
        if shift(ours, theirs, sizes[first]) > TOLERANCE
    ]
    return found


def resampling(grids: Mapping[str, Grid], paths: Mapping[str, str]) -> str:
    """Write the command that brings rasters onto one grid.

    Args:
        grids: Name of the raster -> grid; they differ.
        paths: Name -> file.
    """
    # Others are resampled to the first that says where it lies.
    like = max(grids, key=lambda name: grids[name].placed)
    pairs = ({like: grids[like], name: grids[name]} for name in grids)
    other = next(list(pair)[-1] for pair in pairs if differences(pair))
    return (
        f'rio warp {paths[other]} {other}_resampled.tif --like {paths[like]} '
        '--resampling bilinear'
    )


def shared_grid(grids: Mapping[str, Grid]) -> Grid:
    """Take together what rasters on one grid say about it."""
    grids = list(grids.values())
    placed = [grid for grid in grids if grid.placed]
    systems = [grid.crs for grid in placed if grid.crs is not None]
    systems.sort(key=_is_local)  # of two ways to write it, the complete one
    return Grid(
        grids[0].size,
        systems[0] if systems else None,
        placed[0].transform if placed else Affine.identity(),
    )


def pixel_area(grid: Grid) -> float:
    """Area of a pixel in squared units of the reference system."""
    return abs(grid.transform.determinant)


def scaled(grid: Grid, resolution: float) -> Grid:
    """Give a grid other pixels; it keeps its corner and covers the same area.

    Args:
        grid: It.
        resolution: Side of a pixel in units of its reference system.
    """
    t = grid.transform
    columns = resolution / float(np.hypot(t.a, t.d))
    rows = resolution / float(np.hypot(t.b, t.e))
    height, width = grid.size
    size = (
        int(np.ceil(height / rows - 1e-6)),
        int(np.ceil(width / columns - 1e-6)),
    )
    scaled = Affine(
        *(t.a * columns, t.b * rows, t.c),
        *(t.d * columns, t.e * rows, t.f),
    )
    return Grid(size, grid.crs, scaled)


def shift(first: Affine, other: Affine, size: tuple[int, int]) -> float:
    """Get the largest shift of a corner between two grids.

    Args:
        first: Its pixels are the unit.
        other: The other grid.
        size: (H, W) of the rasters.

    Returns:
        Along columns or rows, in pixels.
    """
    height, width = size
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]).T
    ours, theirs = (np.array([(t.a, t.b), (t.d, t.e)]) for t in (first, other))
    # Origins apart from pixels: coordinates are large, pixels small.
    moved = np.array([[other.c - first.c], [other.f - first.f]])
    there = np.linalg.solve(ours, theirs @ corners + moved)  # (2, 4)
    return float(abs(there - corners).max())


def same_crs(first: CRS, other: CRS) -> bool:
    """Whether two reference systems are one, written in whichever way.

    Equal are systems that GDAL calls the same or to which it gives the same
    EPSG code (WKT of several dialects, PROJ strings, with or without names
    and codes). Heights do not count: of a compound system (map projection and
    geoid) the horizontal part is compared. Files that were saved without the
    projection keep its name and unit only (``LOCAL_CS`` in WKT); such a
    system is the same as one with this name, up to signs and case, and this
    unit.
    """
    first, other = _horizontal(first), _horizontal(other)
    if first == other:
        return True
    if _is_local(first) or _is_local(other):
        return _name(first) == _name(other) and _unit(first) == _unit(other)
    code = first.to_epsg()
    return code is not None and code == other.to_epsg()


def _horizontal(crs: CRS) -> CRS:
    """Get the first part of a compound system, other systems as they are."""
    wkt = crs.to_wkt()
    if _kind(crs) not in ('COMPD_CS', 'COMPOUNDCRS'):
        return crs
    start = wkt.index(',', wkt.index('"', wkt.index('"') + 1)) + 1
    depth, quoted = 0, False
    for end in range(start, len(wkt)):
        quoted ^= wkt[end] == '"'
        if not quoted:
            depth += (wkt[end] == '[') - (wkt[end] == ']')
            if wkt[end] == ']' and depth == 0:
                break
    return CRS.from_wkt(wkt[start : end + 1])


def _is_local(crs: CRS) -> bool:
    """Whether only name and unit of a system are known."""
    return _kind(crs) == 'LOCAL_CS'


def _kind(crs: CRS) -> str:
    return crs.to_wkt().partition('[')[0]


def _name(crs: CRS) -> str:
    name = crs.to_wkt().split('"')[1]
    return re.sub('[^a-z0-9]+', ' ', name.casefold()).strip()


def _unit(crs: CRS) -> float:
    return crs.units_factor[1]


def _short(crs: CRS) -> str:
    """Name a system as a person does, by its code or its name."""
    code = crs.to_epsg()
    return f'{crs.to_wkt()[:60]!r}...' if code is None else f'EPSG:{code}'


def _against_first(values: Mapping) -> list[tuple[tuple, tuple]]:
    items = list(values.items())
    return [(items[0], item) for item in items[1:]]
