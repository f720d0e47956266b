"""Area of every class of a map."""

import os
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from multimodal_rs.products.class_map import LARGEST, ClassMap
from multimodal_rs.products.pixel_area import row_areas
from multimodal_rs.utils.tables import write_csv

HECTARE = 1e4  # square metres


class ClassArea(NamedTuple):
    """What a class covers.

    Attributes:
        number: Of the class in the map.
        name: Of the class.
        pixels: How many it has.
        hectares: Their area.
    """

    number: int
    name: str
    pixels: int
    hectares: float


def class_areas(
    land: ClassMap, areas: np.ndarray | None = None
) -> list[ClassArea]:
    """Count the pixels of every class, and add up their areas.

    Every class that the map names has a row, also if it does not occur.

    Args:
        land: The map.
        areas: (H,) of a pixel in every row, in square metres. None: what
            the position of the map says.

    Raises:
        ValueError: If the area of a pixel is not known.
    """
    areas = row_areas(land.grid) if areas is None else areas
    pixels = np.zeros(LARGEST + 1, np.int64)
    metres = np.zeros(LARGEST + 1)
    for top, ids in land.strips():
        for row, numbers in enumerate(ids, top):
            counts = np.bincount(numbers, minlength=256)
            pixels[: len(counts)] += counts
            metres[: len(counts)] += counts * areas[row]
    if land.nodata is not None:
        pixels[land.nodata] = 0
    found = {*np.flatnonzero(pixels).tolist(), *land.numbers}
    return [
        ClassArea(n, land.name(n), int(pixels[n]), metres[n] / HECTARE)
        for n in sorted(found - {land.nodata})
    ]


def summed_areas(parts: Iterable[Iterable[ClassArea]]) -> list[ClassArea]:
    """Add up the areas of maps whose classes have the same names."""
    total: dict[int, ClassArea] = {}
    for number, name, pixels, hectares in (a for part in parts for a in part):
        if number in total:
            pixels += total[number].pixels
            hectares += total[number].hectares
        total[number] = ClassArea(number, name, pixels, hectares)
    return sorted(total.values())


def write_area(target: str | os.PathLike, areas: list[ClassArea]) -> None:
    """Write a CSV with a row per class; shares are percent of all classes."""
    whole = sum(area.hectares for area in areas)
    rows = [
        [*area, 100 * area.hectares / whole if whole else float('nan')]
        for area in areas
    ]
    header = ['number', 'class', 'pixels', 'hectares', 'percent']
    write_csv(target, header, rows)
