"""The areas of a map as polygons in a GeoPackage."""

import os
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import rasterio
from pyogrio import read_info
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import write
from rasterio.features import shapes, sieve

from multimodal_rs.products.area import HECTARE
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.pixel_area import place, row_areas
from multimodal_rs.utils.files import atomic_path, writing

BATCH = 20_000  # polygons that are written at once
LAYER = 'land_cover'
FAILURES = (DataSourceError, DataLayerError)  # of pyogrio


class Polygon(NamedTuple):
    """Connected pixels of one class.

    Attributes:
        number: Of the class.
        hectares: Its area, without its holes.
        outline: Well-known binary, in the coordinates of the map.
    """

    number: int
    hectares: float
    outline: bytes


def check_target(target: str | os.PathLike) -> None:
    """Refuse a file of another kind.

    Raises:
        ValueError: If its name does not end with ``.gpkg``.
    """
    if os.path.splitext(target)[1].lower() != '.gpkg':
        raise ValueError(
            f'polygons are written as a GeoPackage, got {target}: name a '
            'file that ends with .gpkg'
        )


def write_polygons(
    target: str | os.PathLike,
    land: ClassMap,
    min_area: float = 0.0,
    sieve_pixels: int = 0,
) -> int:
    """Write a GeoPackage: a polygon for connected pixels of one class.

    Pixels that touch at a corner only are not connected. The outlines follow
    the pixels. Fields: ``number``, ``class``, ``hectares``.

    The map is read twice, the second time line by line, and the memory grows
    with the number of polygons; sieving, and a map of another type than uint8
    and uint16 or with a mask, needs the whole map in memory, two bytes for a
    pixel.

    Args:
        target: File to write, ``.gpkg``.
        land: The map.
        min_area: Hectares; smaller polygons are left out, which leaves gaps.
        sieve_pixels: Groups of fewer pixels than this first become part of
            their largest neighbour, which leaves no gaps; 0: none.

    Returns:
        How many polygons there are.

    Raises:
        ValueError: If the area of a pixel is not known, the map is damaged,
            or the target is another kind of file.
        OSError: If it cannot be written, for instance to a full disk.
    """
    check_target(target)
    # Area above each row for a column one pixel wide.
    above = np.append(0, np.cumsum(row_areas(land.grid))) / HECTARE
    least = min_area * (1 - 1e-9)  # sums of areas are rounded
    written, batch = 0, []
    with atomic_path(target) as temporary:
        temporary.unlink()  # the driver wants to make it
        for polygon in _polygons(land, above, sieve_pixels):
            if polygon.hectares < least:
                continue
            batch.append(polygon)
            if len(batch) == BATCH:
                with writing(target, FAILURES):
                    _append(temporary, land, batch, written > 0)
                written += len(batch)
                batch = []
        with writing(target, FAILURES):
            if batch or not written:
                _append(temporary, land, batch, written > 0)
            _check_written(temporary, written + len(batch))
        return written + len(batch)


def _check_written(path: os.PathLike, count: int) -> None:
    """Look at the file: GDAL does not say when its index has no room.

    Raises:
        OSError: If it is not complete.
    """
    info = read_info(path, LAYER, force_feature_count=True)
    indexed = info['capabilities']['fast_spatial_filter']
    if info['features'] != count or not indexed:
        raise OSError('it was not written to its end')


def _polygons(
    land: ClassMap, above: np.ndarray, sieve_pixels: int
) -> Iterator[Polygon]:
    source = rasterio.band(land.file, 1)
    if sieve_pixels > 1 or not land.as_stored:
        source = land.whole()
    else:
        _read_through(land)
    if sieve_pixels > 1:
        valid = None if land.nodata is None else source != land.nodata
        source = sieve(source, sieve_pixels, mask=valid)
    inverse = ~land.grid.transform
    for geometry, number in shapes(source, transform=land.grid.transform):
        if number == land.nodata:
            continue
        # Closed; the first one is the outer.
        rings = [np.array(ring) for ring in geometry['coordinates']]
        sizes = [_ring_area(*place(inverse, *r.T), above) for r in rings]
        outline = _well_known_binary(rings)
        yield Polygon(int(number), sizes[0] - sum(sizes[1:]), outline)


def _read_through(land: ClassMap) -> None:
    """Read a map once: polygonising its file says nothing of a failure."""
    for _ in land.strips():
        pass


def _ring_area(
    columns: np.ndarray, rows: np.ndarray, above: np.ndarray
) -> float:
    """Area inside a ring of corners of pixels, along rows and columns.

    The area of a pixel depends on its row alone, so it is the sum over the
    horizontal edges of their length times the area above them.
    """
    return abs(float(np.diff(columns) @ above[np.rint(rows[:-1]).astype(int)]))


def _well_known_binary(rings: Sequence[np.ndarray]) -> bytes:
    """Encode a polygon: ISO 19125, little-endian."""
    parts = [struct.pack('<BII', 1, 3, len(rings))]
    for ring in rings:
        parts.append(struct.pack('<I', len(ring)))
        parts.append(np.ascontiguousarray(ring, '<f8').tobytes())
    return b''.join(parts)


def _append(
    path: os.PathLike, land: ClassMap, batch: Sequence[Polygon], more: bool
) -> None:
    columns = [
        np.array([p.number for p in batch], np.int32),
        np.array([land.name(p.number) for p in batch], object),
        np.array([p.hectares for p in batch], float),
    ]
    write(
        path,
        geometry=np.array([p.outline for p in batch], object),
        field_data=columns,
        fields=['number', 'class', 'hectares'],
        layer=LAYER,
        driver='GPKG',
        geometry_type='Polygon',
        crs=land.grid.crs.to_wkt(),
        append=more,
    )
