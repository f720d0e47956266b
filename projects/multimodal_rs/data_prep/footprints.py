"""Footprints of buildings as polygons, and the label rasters made of them."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rasterio.crs import CRS

from multimodal_rs.datasets.io.grid import Grid, pixel_area, same_crs
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json

AGAIN = 'download the file again'
NUMBER = r'[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?'
POSITION = re.compile(rf'({NUMBER})\s+({NUMBER})(?:\s+{NUMBER})*')
WKT = re.compile(r'(MULTI)?POLYGON\s*(?:Z\s*)?(EMPTY|\(.*\))', re.DOTALL)

# A ring is a list of (x, y); a polygon its outer ring and its holes.
Polygon = list[list[tuple[float, float]]]
Building = list[Polygon]  # mostly one


class Footprints(NamedTuple):
    """The buildings of one tile.

    Attributes:
        source: Where they were read, for messages.
        buildings: All of them.
        in_pixels: Whether the unit is pixels of the tile, (column, row). If
            not, they are in the reference system of the tile.
        crs: The reference system that the file names; None: none.
    """

    source: str
    buildings: list[Building]
    in_pixels: bool = False
    crs: CRS | None = None


def read_geojson(path: Path) -> Footprints:
    """Read the footprints of a tile.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or holds something else than polygons.
    """
    content = read_json(path, f'footprints as GeoJSON; {AGAIN}')
    with reading(path, f'a collection of polygons; {AGAIN}'):
        geometries = [f['geometry'] for f in content['features']]
        buildings = [_polygons(g) for g in geometries if g is not None]
        named = (content.get('crs') or {}).get('properties', {}).get('name')
        crs = None if named is None else CRS.from_user_input(named)
    return Footprints(str(path), [b for b in buildings if b], crs=crs)


def read_table(path: Path, tile: re.Pattern) -> dict[str, Footprints]:
    """Read the footprints of all tiles from a table, in pixels.

    Args:
        path: CSV with the columns ImageId and PolygonWKT_Pix.
        tile: Finds the id of a tile in an ImageId.

    Returns:
        Tile -> footprints; none for a tile with ``POLYGON EMPTY``.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or lacks a column.
    """
    found: dict[str, Footprints] = {}
    expected = f'columns ImageId and PolygonWKT_Pix with polygons; {AGAIN}'
    with reading(path, expected), open(path, newline='') as file:
        for row in csv.DictReader(file):
            where = tile.search(row['ImageId'])
            if where is None:
                raise ValueError(f'{row["ImageId"]!r} names no tile')
            name = where.group()
            source = f'{path}, tile {name}'
            entry = found.setdefault(name, Footprints(source, [], True))
            building = parse_wkt(row['PolygonWKT_Pix'])
            if building:
                entry.buildings.append(building)
    return found


def parse_wkt(text: str) -> Building:
    """Read ``POLYGON (...)`` or ``MULTIPOLYGON (...)``; empty if it is.

    Raises:
        ValueError: If it is something else.
    """
    found = WKT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{text[:60]!r} is no polygon')
    several, body = found.groups()
    if body == 'EMPTY':
        return []
    # With brackets and commas it is JSON.
    body = POSITION.sub(r'[\1, \2]', body)
    coordinates = json.loads(body.replace('(', '[').replace(')', ']'))
    kind = 'MultiPolygon' if several else 'Polygon'
    return _polygons(dict(type=kind, coordinates=coordinates))


def in_tile(
    footprints: Footprints, grid: Grid, smallest: float = 0.0
) -> list[Building]:
    """Place footprints on the grid of their tile.

    Args:
        footprints: They may reach beyond the tile.
        grid: Size and position of the tile, in metres.
        smallest: Buildings of less than so many square metres are left out.

    Returns:
        Buildings in pixels.

    Raises:
        ValueError: If they have another reference system than the tile, or
            one lies outside of it.
    """
    crs = footprints.crs
    if footprints.buildings and None not in (crs, grid.crs):
        if not same_crs(crs, grid.crs):
            raise ValueError(
                f'{footprints.source}: footprints have the reference system '
                f'{crs}, their tile has {grid.crs}. Bring them to that of the '
                f'tile: `ogr2ogr -t_srs {grid.crs} NEW.geojson OLD.geojson`'
            )
    kept = []
    for number, building in enumerate(footprints.buildings):
        if not footprints.in_pixels:
            building = _to_pixels(building, grid)
        _check_inside(
            building, grid, f'{footprints.source}: footprint {number}'
        )
        if pixel_area(grid) * sum(map(area, building)) >= smallest:
            kept.append(building)
    return kept


def burn(buildings: Sequence[Building], size: tuple[int, int]) -> np.ndarray:
    """Draw buildings: (H, W) uint8, 1 where one covers a pixel's centre.

    Args:
        buildings: In pixels.
        size: (H, W).
    """
    from rasterio.features import rasterize

    label = np.zeros(size, np.uint8)
    shapes = [dict(type='MultiPolygon', coordinates=b) for b in buildings]
    return rasterize(shapes, out=label) if shapes else label


def _to_pixels(building: Building, grid: Grid) -> Building:
    t = ~grid.transform
    return [
        [
            [(t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f) for x, y in r]
            for r in polygon
        ]
        for polygon in building
    ]


def _check_inside(building: Building, grid: Grid, name: str) -> None:
    height, width = grid.size
    x, y = np.concatenate([polygon[0] for polygon in building]).T
    # What was cut at the border may be rounded beyond it: one pixel more.
    inside = x.max() >= -1 and x.min() <= width + 1
    if not (inside and y.max() >= -1 and y.min() <= height + 1):
        raise ValueError(
            f'{name} lies outside of its tile, at columns {x.min():.6g} to '
            f'{x.max():.6g} and rows {y.min():.6g} to {y.max():.6g} of '
            f'{width} x {height} pixels. Expected footprints in the reference '
            f'system of the images, {grid.crs}: {AGAIN}, or convert them with '
            'ogr2ogr'
        )


def area(polygon: Polygon) -> float:
    """Area of a polygon without its holes, in squared units."""
    outer, *holes = map(_ring_area, polygon)
    return outer - sum(holes)


def _ring_area(ring: Sequence[tuple[float, float]]) -> float:
    x, y = np.transpose(ring) - np.min(ring, axis=0)[:, None]
    return abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2


def _polygons(geometry: Mapping) -> Building:
    """List the polygons of a GeoJSON geometry."""
    kind, coordinates = geometry['type'], geometry['coordinates']
    if kind not in ('Polygon', 'MultiPolygon'):
        raise ValueError(f'a footprint is a {kind}, no polygon')
    parts = [coordinates] if kind == 'Polygon' else coordinates
    return [[*_rings(part)] for part in parts if part]


def _rings(polygon: Iterable) -> Iterator[list[tuple[float, float]]]:
    for ring in polygon:
        if len(ring) < 4 or list(ring[0]) != list(ring[-1]):
            raise ValueError(
                f'a ring has {len(ring)} points or is not closed, expected '
                'four or more, the last like the first'
            )
        yield [(float(x), float(y)) for x, y, *_ in ring]
