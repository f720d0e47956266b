"""All that is made of a map at once, and the flags that ask for it."""

import argparse
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.products.accuracy import (
    FILES,
    remove_accuracy,
    write_map_accuracy,
)
from multimodal_rs.products.area import class_areas, write_area
from multimodal_rs.products.class_map import ClassMap
from multimodal_rs.products.notes import renoting
from multimodal_rs.products.polygons import check_target, write_polygons
from multimodal_rs.products.reference import (
    OutOfReachError,
    ReferenceRaster,
    numbers_of_classes,
)
from multimodal_rs.products.reference_check import check_reference
from multimodal_rs.products.reference_points import is_table
from multimodal_rs.products.style import write_style
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.outputs import check_outputs

Target = str | os.PathLike


@dataclass(frozen=True)
class Products:
    """What to make of a map; None: not that.

    Attributes:
        area: CSV, the area of every class.
        polygons: GeoPackage.
        style: QML, for QGIS.
        accuracy: Folder for the comparison with ``reference``.
        reference: Raster of class numbers, or CSV of points.
        reference_ids: Number in the reference -> number in the map.
        min_area: Hectares, 0 or more; smaller polygons are left out.
        sieve: Pixels, 0 or more; smaller groups become part of a neighbour
            before the polygons are made.

    Raises:
        ValueError: If one of ``accuracy`` and ``reference`` is missing,
            polygons would be another kind of file, a size is negative, or
            something is said of a product that is not asked for.
    """

    area: Target | None = None
    polygons: Target | None = None
    style: Target | None = None
    accuracy: Target | None = None
    reference: Target | None = None
    reference_ids: Mapping[int, int] | None = None
    min_area: float = 0.0
    sieve: int = 0

    def __post_init__(self) -> None:
        if (self.accuracy is None) != (self.reference is None):
            raise ValueError(
                'accuracy: a folder to write to (--accuracy) and a reference '
                f'(--reference) belong together, got {self.accuracy} and '
                f'{self.reference}'
            )
        if self.polygons is not None:
            check_target(self.polygons)
        sizes = dict(min_area='hectares', sieve='pixels')
        for name, unit in sizes.items():
            size = getattr(self, name)
            if not 0 <= size < math.inf:  # NaN is neither
                raise ValueError(
                    f'{name} ({_flag(name)}): expected a number '
                    f'of {unit}, 0 or more, got {size}: correct it'
                )
        self._check_needed('polygons', *sizes)
        self._check_needed('reference', 'reference_ids')

    def _check_needed(self, product: str, *options: str) -> None:
        """Refuse options that would do nothing without a product."""
        said = [_flag(name) for name in options if getattr(self, name)]
        if said and getattr(self, product) is None:
            raise ValueError(
                f'{" and ".join(said)}: expected {_flag(product)} as well, '
                'which alone depends on it, got none: name it, or leave '
                f'{" and ".join(said)} out'
            )

    def paths(self) -> dict[str, Target]:
        """Files and folders that are written, by attribute."""
        names = ('area', 'polygons', 'style', 'accuracy')
        return {n: getattr(self, n) for n in names if getattr(self, n)}

    def writes(self) -> dict[str, Target]:
        """Files that are written, by what messages call them."""
        writes = self.paths()
        folder = writes.pop('accuracy', None)
        if folder is not None:
            writes |= {f'accuracy: {n}': Path(folder, n) for n in FILES}
        return writes

    def without_reference(self) -> 'Products':
        """All but the accuracy."""
        return replace(self, accuracy=None, reference=None, reference_ids=None)

    def check(self, path: Target) -> None:
        """Refuse to write over the map at ``path`` or the reference."""
        check_outputs(self.writes(), [p for p in (path, self.reference) if p])
        self.check_reference()

    def check_reference(
        self, grid: Grid | None = None, classes: Sequence[str] = ()
    ) -> None:
        """Look at the reference, before a map is made to be compared.

        Args:
            grid: Of the map; None: it is not known yet.
            classes: Names of its classes, in the order of their numbers;
                empty: they are not known yet.

        Raises:
            FileNotFoundError: If it is not there.
            OutOfReachError: If it says nothing about such a map.
            ValueError: If it cannot be compared with such a map.
        """
        if self.reference is not None:
            check_reference(self.reference, self.reference_ids, grid, classes)

    def picture_of_reference(
        self, classes: Sequence[str]
    ) -> Callable[[Grid, tuple[int, int]], np.ndarray] | None:
        """Get what reads the reference for a picture of the map.

        Args:
            classes: Names of the map's classes.

        Returns:
            Gives (h, w) uint8 numbers of the map's classes, 255 where nothing
            is known, for the grid of the map and (h, w). None: there is no
            reference, or it is a table of points.
        """
        if self.reference is None or is_table(os.fspath(self.reference)):
            return None

        def read(grid: Grid, shape: tuple[int, int]) -> np.ndarray:
            names = dict(enumerate(classes))
            with ReferenceRaster(self.reference) as raster:
                ids = numbers_of_classes(
                    self.reference_ids, names, raster.nodata
                )
                try:
                    return raster.reduced(grid, ids, shape)
                except OutOfReachError:
                    return np.full(shape, IGNORED, np.uint8)

        return read


NOTHING = Products()


def make_products(
    path: Target, products: Products, said: list[str] | None = None
) -> list[str]:
    """Make what is asked for of a map.

    Args:
        path: The map: a raster with one band of class numbers.
        products: What to make.
        said: What there is to say is appended to it, product by product, so
            that it is known if a later one fails. None: a new list.

    Returns:
        What to say about it, line by line.

    Raises:
        FileNotFoundError: If there is no map.
        OutOfReachError: If the reference says nothing about it.
        ValueError: If something cannot be made of it, or would be written
            over what is read.
        OSError: If a file cannot be written.
    """
    products.check(path)
    said = [] if said is None else said
    with ClassMap(path) as land:
        products.check_reference(land.grid)
        with renoting(land, products):
            _make(land, products, said)
    return said


def make_within_reach(
    path: Target, products: Products, said: list[str]
) -> bool:
    """Likewise, but a map that the reference does not reach is not compared.

    An earlier comparison in the place of this one is removed.

    Returns:
        Whether the reference reaches it; also if there is none.

    Raises:
        FileNotFoundError: As :func:`make_products`.
        ValueError: As :func:`make_products`.
        OSError: As :func:`make_products`.
    """
    others = products.without_reference()
    make_products(path, others, said)
    if products.reference is None:
        return True
    comparison = Products(
        accuracy=products.accuracy,
        reference=products.reference,
        reference_ids=products.reference_ids,
    )
    try:
        make_products(path, comparison, said)
    except OutOfReachError:
        remove_accuracy(products.accuracy)
        said.append(
            f'No accuracy: the reference {products.reference} does not reach '
            f'{path}'
        )
        return False
    return True


def _make(land: ClassMap, products: Products, said: list[str]) -> None:
    """Make one product after the other; append what to say."""
    if products.style is not None:
        write_style(products.style, land)
        said.append(f'Wrote {products.style}')
    if products.area is not None:
        write_area(products.area, class_areas(land))
        said.append(f'Wrote {products.area}')
    if products.polygons is not None:
        count = write_polygons(
            products.polygons, land, products.min_area, products.sieve
        )
        said.append(f'Wrote {products.polygons}: {count} polygons')
    if products.accuracy is not None:
        said.append(_compared(land, products))
        said.append(f'Wrote the tables to {products.accuracy}')


def _compared(land: ClassMap, products: Products) -> str:
    """Compare a map with the reference; return tables for people."""
    try:
        return write_map_accuracy(
            *(products.accuracy, land),
            *(products.reference, products.reference_ids),
        )
    except ValueError as error:
        unreached = isinstance(error, OutOfReachError)
        kind = OutOfReachError if unreached else ValueError
        raise kind(
            f'it is not compared with the reference: {error}'
        ) from error


def add_product_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of :class:`Products` to a command."""
    group = parser.add_argument_group('products of the map')
    group.add_argument(
        '--area', metavar='CSV', help='area of every class, in hectares'
    )
    group.add_argument(
        '--polygons', metavar='GPKG', help='the map as polygons'
    )
    group.add_argument(
        '--min-area',
        type=float,
        default=0.0,
        metavar='HECTARES',
        help='leave smaller polygons out',
    )
    group.add_argument(
        '--sieve',
        type=int,
        default=0,
        metavar='PIXELS',
        help='before, let groups of fewer pixels become part of a neighbour',
    )
    group.add_argument(
        '--style', metavar='QML', help='colours and class names for QGIS'
    )
    group.add_argument(
        '--reference',
        metavar='FILE',
        help='raster of class numbers, or CSV of points (x,y,class)',
    )
    group.add_argument(
        '--reference-ids',
        nargs='+',
        type=_pair,
        metavar='NUMBER=CLASS',
        help='what the numbers of the reference are in the map; 255: ignored',
    )
    group.add_argument(
        '--accuracy',
        metavar='FOLDER',
        help='tables and error map of the comparison with --reference',
    )


def products_of(args: argparse.Namespace) -> Products:
    """Read the flags of :func:`add_product_arguments`."""
    names = [f.name for f in fields(Products)]
    values = {name: getattr(args, name) for name in names}
    if args.reference_ids is not None:
        values['reference_ids'] = dict(args.reference_ids)
    return Products(**values)


def _flag(name: str) -> str:
    return f'--{name.replace("_", "-")}'


def _pair(word: str) -> tuple[int, int]:
    number, _, to = word.partition('=')
    try:
        return int(number), int(to)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'expected two whole numbers, such as 10=0, got {word!r}'
        ) from None
