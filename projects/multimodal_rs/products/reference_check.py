"""A reference, looked at before there is a map to compare with it."""

import os
from collections.abc import Mapping, Sequence

from rasterio.crs import CRS

from multimodal_rs.datasets.io.grid import Grid, same_crs
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.products.reference import (
    OutOfReachError,
    ReferenceRaster,
    numbers_of_classes,
)
from multimodal_rs.products.reference_points import (
    SYSTEM,
    Points,
    is_table,
)
from multimodal_rs.utils.labels import IGNORED


def check_reference(
    path: str | os.PathLike,
    ids: Mapping[int, int] | None = None,
    grid: Grid | None = None,
    classes: Sequence[str] = (),
) -> None:
    """Find what is wrong with a reference, as far as it can be known.

    Args:
        path: Raster of class numbers, or CSV of points.
        ids: Number in the reference -> number of the class in the map; None:
            they are the same.
        grid: Of the map that will be made. None: it is not known yet.
        classes: Names of its classes, in the order of their numbers; then
            every number of the reference on the map is read. Empty: they are
            not known yet.

    Raises:
        FileNotFoundError: If it is not there.
        OutOfReachError: If it says nothing about such a map.
        ValueError: If it cannot be compared with such a map.
    """
    path = os.fspath(path)
    if not raster_exists(path):
        raise FileNotFoundError(
            f'reference {path} does not exist (relative paths start at '
            f'{os.getcwd()}): correct the path'
        )
    names = dict(enumerate(classes))
    if is_table(path):
        points = Points(path)
        if grid is not None:
            points.check_place(grid)
        if classes:
            by_name = {name: number for number, name in names.items()}
            known = numbers_of_classes(ids, names)
            points.classes(by_name, known, ids is not None)
        return
    with ReferenceRaster(path) as raster:
        if grid is not None:
            raster.check_place(grid)
        if grid is None or not classes:
            return
        known = numbers_of_classes(ids, names, raster.nodata)
        strips = raster.strips(grid, known)
        # All of them: one may have a number that is no class.
        counts = [(strip != IGNORED).any() for strip in strips]
    if not any(counts):
        raise OutOfReachError(
            f'reference {path}: none of its pixels on the map has a class, '
            f'expected some of {sorted(known)}: take one of the same place, '
            'or correct its numbers, its nodata value or --reference-ids'
        )


def lacks_systems(path: str | os.PathLike) -> bool:
    """Whether a reference takes the reference system of what it is held to."""
    return is_table(path) and not Points(path).placed


def check_systems(
    path: str | os.PathLike, systems: Mapping[str, CRS | None]
) -> None:
    """See that it is known in which reference system points are.

    Args:
        path: Raster of class numbers, or CSV of points.
        systems: Name of a map -> its reference system.

    Raises:
        ValueError: If the table does not say it and those of maps differ.
    """
    known = {name: crs for name, crs in systems.items() if crs is not None}
    if len(known) < 2 or not lacks_systems(path):
        return
    (first, expected), *others = known.items()
    for name, crs in others:
        if not same_crs(expected, crs):
            raise ValueError(
                f'reference {os.fspath(path)}: expected points with a column '
                f'{SYSTEM}, as the maps have several reference systems, '
                f'{expected} of {first} and {crs} of {name}, got none: name '
                'the reference system of every point in that column, as '
                'EPSG:4326, or compare the maps of each with points of their '
                'own'
            )
