"""A map of classes on disk, read in strips of rows."""

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Self

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import raster_exists, raster_session
from multimodal_rs.utils.damage import reading

STRIP = 256  # rows that are read at once: the height of our maps' blocks
NUMBER = re.compile(r'CLASS_(\d+)')
LARGEST = 65535


class ClassMap(contextlib.ExitStack):
    """A raster with one band of class numbers. A context manager.

    Args:
        path: GeoTIFF or another format that GDAL reads. Names of classes are
            taken from tags ``CLASS_<number>`` of the band, colours from its
            colour table; the maps of this project have both.

    Attributes:
        path: Of the file.
        grid: Size and position.
        nodata: Number of pixels without class; None: there is none.
        file: Open, for functions of rasterio.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no map of classes.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self.path = os.fspath(path)
        expected = 'a raster with one band of class numbers of 8 or 16 bits'
        if not raster_exists(self.path):
            raise FileNotFoundError(
                f'map {self.path} does not exist (relative paths start at '
                f'{os.getcwd()}): correct the path'
            )
        with contextlib.ExitStack() as stack:
            stack.enter_context(raster_session())
            with reading(self.path, expected):
                self.file = stack.enter_context(rasterio.open(self.path))
            if self.file.count != 1 or self.file.dtypes[0] not in (
                'uint8',
                'uint16',
            ):
                raise ValueError(
                    f'map {self.path}: expected {expected}, got '
                    f'{self.file.count} bands of {self.file.dtypes[0]}'
                )
            self.grid = Grid(
                self.file.shape, self.file.crs, self.file.transform
            )
            nodata = self.file.nodata
            self.nodata = None if nodata is None else int(nodata)
            tags = self.file.tags(1).items()
            found = ((NUMBER.fullmatch(key), name) for key, name in tags)
            self._names = {int(m[1]): name for m, name in found if m}
            self.push(stack.pop_all())

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    @property
    def numbers(self) -> list[int]:
        """Numbers of the classes that have a name."""
        return sorted(self._names)

    def name(self, number: int) -> str:
        """Name of a class, or its number where the map does not name it."""
        return self._names.get(number, str(number))

    def colours(self) -> dict[int, tuple[int, int, int]]:
        """Colours by number; empty where the map has no colour table."""
        if self.file.colorinterp[0] != ColorInterp.palette:
            return {}
        return {n: c[:3] for n, c in self.file.colormap(1).items()}

    def strips(self) -> Iterator[tuple[int, np.ndarray]]:
        """Read from top to bottom.

        Yields:
            First row, and (rows, W) numbers.

        Raises:
            ValueError: If the file is damaged.
        """
        height, width = self.grid.size
        for top in range(0, height, STRIP):
            window = (top, min(top + STRIP, height)), (0, width)
            with reading(self.path, 'a complete map: make it again'):
                yield top, self.file.read(1, window=window)
