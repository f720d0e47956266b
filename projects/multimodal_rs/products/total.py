"""What is made of several maps together: their areas and accuracy."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.products.accuracy_tables import TABLES
from multimodal_rs.products.area import (
    ClassArea,
    class_areas,
    summed_areas,
    write_area,
)
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.error_maps import error_names
from multimodal_rs.products.make import Products, Target
from multimodal_rs.products.notes import forget
from multimodal_rs.products.overlaps import overlapping
from multimodal_rs.products.pixel_area import row_areas
from multimodal_rs.products.total_accuracy import (
    within_reach,
    write_total_accuracy,
)
from multimodal_rs.utils.outputs import check_outputs

SHOWN = 5  # classes or pairs of maps that a message lists


def make_total_products(
    paths: Sequence[Target], products: Products, said: list[str] | None = None
) -> list[str]:
    """Make what is asked for of several maps together.

    Warns of maps that overlap: ground in both counts twice.

    Args:
        paths: The maps: rasters with one band of class numbers, whose classes
            have the same names.
        products: What to make; no polygons and no style.
        said: As for ``make_products``.

    Returns:
        What to say about it, line by line.

    Raises:
        FileNotFoundError: If a map or the reference is not there.
        ValueError: If something cannot be made of them, they have different
            classes, or something would be written over what is read.
        OSError: If a file cannot be written.
    """
    paths = [os.fspath(path) for path in paths]
    _check(paths, products)
    said = [] if said is None else said
    _check_classes(paths)
    _warn_of_overlaps(paths)
    compared = products.reference, products.reference_ids
    if products.accuracy is not None:
        within_reach(paths, *compared)  # known before the rest is made
    for path in paths:
        forget(path, products)
    if products.area is not None:
        write_area(products.area, summed_areas(map(_areas, paths)))
        said.append(f'Wrote {products.area}: {len(paths)} maps')
    if products.accuracy is not None:
        said.append(write_total_accuracy(products.accuracy, paths, *compared))
        said.append(f'Wrote the tables to {products.accuracy}')
    return said


def _check(paths: Sequence[str], products: Products) -> None:
    """Refuse what is not made of several maps, and what would be lost."""
    if not paths:
        raise ValueError('maps: expected one or more, got none: name them')
    single = [f'--{n}' for n in ('polygons', 'style') if getattr(products, n)]
    if single:
        raise ValueError(
            f'{" and ".join(single)}: expected one map, got {len(paths)}: '
            'make them map by map; only areas and accuracies are summed'
        )
    files: dict[str, str] = {}
    for path in paths:
        file = os.path.realpath(path)
        if file in files:
            raise ValueError(
                f'maps: expected each once, got {files[file]} and {path}, '
                'which are one file: name it once'
            )
        files[file] = path
    writes = {'area': products.area}
    if products.accuracy is not None:
        names = (*TABLES, *error_names(paths))
        writes |= {f'accuracy: {n}': Path(products.accuracy, n) for n in names}
    check_outputs(writes, [*paths, products.reference or ''])
    products.check_reference()


def _check_classes(paths: Sequence[str]) -> None:
    """See that the classes of all maps have the same names."""
    first, *others = paths
    expected = _names(first)
    for path in others:
        names = _names(path)
        differing = [
            f'{number} is {expected.get(number, "no class")} in the first '
            f'and {names.get(number, "no class")} in the second'
            for number in sorted({*expected, *names})
            if expected.get(number) != names.get(number)
        ]
        if differing:
            more = ['...'] if len(differing) > SHOWN else []
            raise ValueError(
                f'maps {first} and {path}: expected the same names of '
                f'classes, got different ones: '
                f'{"; ".join(differing[:SHOWN] + more)}: only maps of the '
                'same classes are summed, leave out those of others'
            )


def _names(path: str) -> Mapping[int, str]:
    with ClassMap(path) as land:
        return {number: land.name(number) for number in land.numbers}


def _warn_of_overlaps(paths: Sequence[str]) -> None:
    pairs = [f'{first} and {other}' for first, other in overlapping(paths)]
    if not pairs:
        return
    more = len(pairs) - SHOWN
    several = f', and {more} more pairs' if more > 0 else ''
    warnings.warn(
        f'maps overlap: {", ".join(pairs[:SHOWN])}{several}: ground in both '
        'counts twice (compared were the bounding boxes of the pixels with a '
        'class, in which there may be others): cut one of them if it is so',
        stacklevel=3,
    )


def _areas(path: str) -> list[ClassArea]:
    with ClassMap(path) as land:
        try:
            pixel = row_areas(land.grid)
        except ValueError as error:
            raise ValueError(f'map {path}: {error}') from error
        return class_areas(land, pixel)
