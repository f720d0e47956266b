"""A map of classes on disk, read in strips of rows."""

import contextlib
import os
import re
from collections.abc import Iterator
from typing import Self

import numpy as np
import rasterio
from rasterio.enums import ColorInterp, Resampling

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.masks import FileMasks
from multimodal_rs.datasets.io.opened import Window
from multimodal_rs.datasets.io.raster import raster_exists, raster_session
from multimodal_rs.utils.damage import reading

STRIP = 256  # rows that are read at once: the height of our maps' blocks
NUMBER = re.compile(r'CLASS_(\d+)')
LARGEST = 65535
SMALL = ('uint8', 'uint16')  # types whose every number may be a class


class ClassMap(contextlib.ExitStack):
    """A raster with one band of class numbers. A context manager.

    What a mask or an alpha band calls empty has no class.

    Args:
        path: GeoTIFF or another format that GDAL reads, of any real type
            whose values are whole numbers from 0 to 65535; it may have an
            alpha band besides. Names of classes
            are taken from tags ``CLASS_<number>`` of the band, colours from
            its colour table; the maps of this project have both.

    Attributes:
        path: Of the file.
        grid: Size and position.
        nodata: Number of pixels without class, as :meth:`strips` has them;
            None: there is none. It is that of the file if that is a number
            of 16 bits, else 65535: for NaN, for negative numbers, and where
            a mask says empty.
        as_stored: Whether the numbers are those of the file.
        file: Open, for functions of rasterio. Its numbers are those of the
            file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it does not have one band of real numbers.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self.path = os.fspath(path)
        expected = 'a raster with one band of class numbers'
        if not raster_exists(self.path):
            raise FileNotFoundError(
                f'map {self.path} does not exist (relative paths start at '
                f'{os.getcwd()}): correct the path'
            )
        with contextlib.ExitStack() as stack:
            stack.enter_context(raster_session())
            with reading(self.path, expected):
                self.file = stack.enter_context(rasterio.open(self.path))
                self._masks = FileMasks(self.file)
            bands = {*range(self.file.count)} - {self._masks.alpha}
            kinds = sorted({self.file.dtypes[b] for b in bands})
            if len(bands) != 1 or np.dtype(kinds[0]).kind not in 'iuf':
                raise ValueError(
                    f'map {self.path}: expected {expected}, got '
                    f'{len(bands)} of {" and ".join(kinds)}: take the '
                    'band with the classes out of it, `rio stack --bidx 1 '
                    'FILE NEW.tif`'
                )
            self.grid = Grid(
                self.file.shape, self.file.crs, self.file.transform
            )
            self._band = bands.pop() + 1
            masked = self._masks.any([self._band - 1], ())
            self.as_stored = kinds[0] in SMALL and not masked
            self.nodata = self._nodata(kinds[0], masked)
            tags = self.file.tags(self._band).items()
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
        if self.file.colorinterp[self._band - 1] != ColorInterp.palette:
            return {}
        return {n: c[:3] for n, c in self.file.colormap(self._band).items()}

    def strips(self) -> Iterator[tuple[int, np.ndarray]]:
        """Read from top to bottom.

        Yields:
            First row, and (rows, W) numbers, uint8 or uint16.

        Raises:
            ValueError: If the file is damaged, or has a value that is no
                class number.
        """
        height, width = self.grid.size
        for top in range(0, height, STRIP):
            window = (top, min(top + STRIP, height)), (0, width)
            yield top, self._read(top, window=window)

    def whole(self) -> np.ndarray:
        """Read all of it at once, (H, W) numbers as of :meth:`strips`."""
        return np.concatenate([numbers for _, numbers in self.strips()])

    def reduced(self, shape: tuple[int, int]) -> np.ndarray:
        """Read it with fewer pixels, (h, w) numbers as of :meth:`strips`.

        Args:
            shape: (h, w), at most its size; the most frequent number counts.
        """
        return self._read(0, out_shape=shape)

    def at(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Read the numbers of pixels (N,), all of them inside of the map."""
        found = np.empty(len(rows), np.uint16)
        for top, numbers in self.strips():
            here = (rows >= top) & (rows < top + len(numbers))
            found[here] = numbers[rows[here] - top, columns[here]]
        return found

    def _nodata(self, kind: str, masked: bool) -> int | None:
        """Choose the number of pixels without class."""
        declared = self.file.nodatavals[self._band - 1]
        if declared is not None and 0 <= declared <= LARGEST:
            return int(declared)
        if masked:
            return LARGEST
        if kind in SMALL or (declared is None and 'float' not in kind):
            return None
        return LARGEST

    def _read(
        self,
        top: int,
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read numbers; ``top`` is the row of the first of them."""
        place = dict(window=window, out_shape=out_shape)
        with reading(self.path, 'a complete map: make it again'):
            values = self.file.read(
                self._band, resampling=Resampling.mode, **place
            )
            masked = self._masks.read([self._band - 1], **place)
        return self._numbers(values, masked, top)

    def _numbers(
        self, values: np.ndarray, masked: np.ndarray | None, top: int
    ) -> np.ndarray:
        """Make class numbers of the values (rows, W) of a file.

        Args:
            values: Of any real type.
            masked: True where a mask says empty; None: there is none.
            top: Row of the first of them, for the message.

        Raises:
            ValueError: If one is neither a class number nor empty.
        """
        if self.as_stored:
            return values
        empty = np.isnan(values)
        if masked is not None:
            empty |= masked
        declared = self.file.nodatavals[self._band - 1]
        if declared is not None:
            empty |= values == declared
        # Where 65535 stands for what is empty, it is no class.
        taken = self.nodata == LARGEST and declared != LARGEST
        last = LARGEST - 1 if taken else LARGEST
        fit = (values >= 0) & (values <= last) & (np.trunc(values) == values)
        if not (fit | empty).all():
            row, column = np.argwhere(~(fit | empty))[0].tolist()
            raise ValueError(
                f'map {self.path}: expected class numbers, whole ones from 0 '
                f'to {last}, got {values[row, column]} in row {top + row}, '
                f'column {column}: if it stands for no class, write it into '
                'the file: `rio edit-info --nodata NUMBER FILE`; if the '
                'numbers are measurements, take a map of classes'
            )
        numbers = np.empty(values.shape, np.uint16)
        numbers[~empty] = values[~empty]
        numbers[empty] = self.nodata or 0
        return numbers
