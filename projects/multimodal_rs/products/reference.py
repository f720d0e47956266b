"""What is known about the ground: a raster."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import numpy as np

from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.datasets.io.resampled import ResampledRaster
from multimodal_rs.datasets.label import translate
from multimodal_rs.inference.grids import bounds_of_both
from multimodal_rs.products.class_map import STRIP
from multimodal_rs.utils.labels import IGNORED

SHOWN = 10  # numbers that a message lists
UNKNOWN = 256  # from here on: numbers that are no classes, in order of sight


class OutOfReachError(ValueError):
    """A reference says nothing about a map: it lies elsewhere, or is empty."""


class ReferenceRaster(contextlib.ExitStack):
    """A raster of class numbers that a map is compared with.

    A context manager. What its mask or alpha band calls empty says nothing,
    nor does NaN.

    Args:
        path: Raster with one band of numbers, and perhaps an alpha band.

    Attributes:
        path: Of the file.
        nodata: Number that the file declares as empty; None: none.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no such raster.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        super().__init__()
        self.path = os.fspath(path)
        with contextlib.ExitStack() as stack:
            stack.enter_context(raster_session())
            self._file = stack.enter_context(open_raster(self.path))
            self._bands = tuple(
                b for b in range(self._file.bands) if b != self._file.alpha
            )
            kinds = sorted({self._file.dtypes[b] for b in self._bands})
            if len(self._bands) != 1 or np.dtype(kinds[0]).kind not in 'iuf':
                raise ValueError(
                    f'reference {self.path}: expected one band of whole '
                    f'numbers, got {len(self._bands)} of '
                    f'{" and ".join(kinds)}: take the band with the classes '
                    'out of it, `rio stack --bidx 1 FILE NEW.tif`'
                )
            self.nodata = self._file.nodata(self._bands)
            self.push(stack.pop_all())

    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def check_place(self, grid: Grid) -> None:
        """See that it can be brought to the grid of a map.

        Raises:
            OutOfReachError: If it lies nowhere on it.
            ValueError: If it lies on another one and does not say where.
        """
        both = {'map': grid, 'reference': self._file.grid}
        found = differences(both)
        if not found:
            return
        lost = [n for n, g in both.items() if not g.placed or g.crs is None]
        if lost:
            raise ValueError(
                f'reference {self.path}: expected one that says where it '
                f'lies, or has the grid of the map, got {"; ".join(found)}, '
                f'and no reference system or position of the '
                f'{" and the ".join(lost)}: write both into the file, `rio '
                'edit-info --crs EPSG:... --transform ... FILE`'
            )
        if not self._on(grid, _Codes({})).overlaps:
            raise OutOfReachError(
                f'reference {self.path} does not overlap the map: '
                f'{bounds_of_both(self._file.grid, grid)}: take one of the '
                'same place, or correct its georeference'
            )

    def strips(
        self, grid: Grid, ids: Mapping[int, int]
    ) -> Iterator[np.ndarray]:
        """Read it from top to bottom on the grid of a map, nearest pixel.

        Args:
            grid: Of the map.
            ids: Number in the reference -> number of the class in the map.
                The nodata value of the file is a class if it is one of them,
                and so is 255, which otherwise says nothing.

        Yields:
            (rows, W) uint8 numbers of the map's classes, 255 where the
            reference says nothing; as many rows as ``ClassMap.strips``.

        Raises:
            ValueError: If it cannot be brought to the grid, cannot be read,
                or has a number there that is none of ``ids``.
        """
        self.check_place(grid)
        codes = _Codes(ids)
        raster = self._on(grid, codes)
        height, width = grid.size
        for top in range(0, height, STRIP):
            window = (top, min(top + STRIP, height)), (0, width)
            found = raster.read(self._bands, window)[0]
            unknown = codes.unknown(found)
            if unknown:
                raise unknown_numbers(self.path, unknown, ids)
            yield np.where(np.isnan(found), IGNORED, found).astype(np.uint8)

    def reduced(
        self, grid: Grid, ids: Mapping[int, int], shape: tuple[int, int]
    ) -> np.ndarray:
        """Read it for a picture, a strip at a time.

        Args:
            grid: Of the map.
            ids: As for :meth:`strips`.
            shape: (h, w) of the picture, at most those of the map.

        Returns:
            (h, w) uint8, as :meth:`strips` has them: of each pixel of the
            picture the one in its middle.

        Raises:
            ValueError: As :meth:`strips`.
        """
        rows, columns = (
            ((np.arange(n) + 0.5) * size / n).astype(int)
            for n, size in zip(shape, grid.size, strict=True)
        )
        found = np.empty(shape, np.uint8)
        top = 0
        for strip in self.strips(grid, ids):
            here = (rows >= top) & (rows < top + len(strip))
            found[here] = strip[rows[here] - top][:, columns]
            top += len(strip)
        return found

    def _on(self, grid: Grid, codes: '_Codes') -> ResampledRaster:
        """See it on a grid; on its own, nothing is resampled."""
        return ResampledRaster(
            *(self._file, grid, 'nearest', codes),
            measured=(),
            bands=self._bands,
        )


class _Codes:
    """What stands for the numbers of a file while they are resampled.

    float32: the number of the class; NaN where the file says nothing; from
    ``UNKNOWN`` on where a number is no class, which matters only if the pixel
    comes to lie on the map.

    Args:
        ids: Number in the file -> number of the class.
    """

    def __init__(self, ids: Mapping[int, int]) -> None:
        self._ids = {IGNORED: IGNORED, **ids}
        self._seen: list[float] = []  # that are no classes

    def __call__(
        self,
        data: np.ndarray,
        nodata: Sequence[float | None],
        masked: np.ndarray | None,
    ) -> np.ndarray:
        """Translate (1, H, W) numbers; ``masked`` is True where empty."""
        numbers, (declared,) = data[0], nodata
        empty = numbers != numbers  # NaN
        if masked is not None:
            empty |= masked.reshape(empty.shape)
        if declared is not None and declared not in self._ids:
            empty |= numbers == declared
        classes, known = translate(numbers, self._ids)
        codes = classes.astype(np.float32)
        codes[empty] = np.nan
        left = ~(known | empty)
        if left.any():
            values, order = np.unique(numbers[left], return_inverse=True)
            # A float has room for 2**24 of them.
            order = order.clip(max=SHOWN - 1)
            codes[left] = UNKNOWN + len(self._seen) + order
            self._seen += values[:SHOWN].tolist()
        return codes[None]

    def unknown(self, codes: np.ndarray) -> list[float]:
        """List numbers of the file that are no classes, ten at most."""
        places = np.unique(codes[codes >= UNKNOWN]).astype(int) - UNKNOWN
        return sorted({self._seen[i] for i in places})[:SHOWN]


def numbers_of_classes(
    ids: Mapping[int, int] | None,
    names: Mapping[int, str],
    nodata: float | None = None,
) -> dict[int, int]:
    """Get the class of every number that a reference may have.

    Args:
        ids: Number in the reference -> number of the class in the map, as a
            person has named them. None: the numbers are those of the map,
            and nodata is none of them.
        names: Number -> name of the classes of the map.
        nodata: What the reference declares as empty.

    Raises:
        ValueError: If a number stands for no class of the map.
    """
    if ids is None:
        return {n: n for n in names if n != nodata}
    wrong = sorted({*ids.values()} - {*names, IGNORED})
    if wrong:
        raise ValueError(
            f'accuracy: numbers of the reference stand for {wrong}, which the '
            f'map does not have: expected some of {dict(names)}, or {IGNORED} '
            'for pixels that do not count: correct --reference-ids'
        )
    return dict(ids)


def unknown_numbers(
    path: str, found: Sequence[float], ids: Mapping[int, int]
) -> ValueError:
    """Make the error for numbers of a reference that are no classes."""
    others = {IGNORED: IGNORED, **ids}.get(IGNORED) == IGNORED
    expected = str(sorted({*ids} - {IGNORED} if others else ids))
    if others:
        expected += f' and {IGNORED} for pixels that do not count'
    return ValueError(
        f'reference {path}: the numbers {list(found)} are no classes of the '
        f'map, expected {expected}: say which classes they are, '
        '`--reference-ids NUMBER=CLASS ...`, CLASS 255 for none'
    )
