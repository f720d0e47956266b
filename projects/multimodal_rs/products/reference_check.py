"""A reference, looked at before there is a map to compare with it."""

import os
from collections.abc import Mapping, Sequence

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.products.reference import (
    OutOfReachError,
    ReferenceRaster,
    numbers_of_classes,
)
from multimodal_rs.products.reference_points import Points, is_table
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
            points.classes(by_name, numbers_of_classes(ids, names))
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
