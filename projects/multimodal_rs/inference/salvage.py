"""What can be read of a damaged raster; the rest counts as nodata."""

import contextlib
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import numpy as np

from multimodal_rs.datasets.io.opened import OpenedRaster, Window
from multimodal_rs.datasets.io.view import RasterView
from multimodal_rs.utils.damage import DamagedFileError

CELL = 16  # pixels, side of what is given up at once


class SalvagedRaster(RasterView):
    """A raster that is NaN where it cannot be read.

    A window that fails is read in halves, and those again, down to cells of
    ``CELL`` pixels: what is lost is hardly more than the damaged block. Whole
    numbers become float64, which has a NaN.

    Args:
        source (OpenedRaster): The raster, on its own grid; closed with this
            one.
        name (str): Its modality, for the warning.

    Attributes:
        lost: Rows and columns of what could not be read, put together.
    """

    def __init__(self, source: OpenedRaster, name: str) -> None:
        super().__init__(source)
        self.missing = source.missing
        self.lost: list[Window] = []
        self._name = name

    @property
    def dtypes(self) -> Sequence[str]:
        """Those of the source, float64 for whole numbers."""
        return tuple(
            'float64' if np.dtype(dtype).kind in 'iu' else dtype
            for dtype in self._source.dtypes
        )

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels a mask or an alpha band calls empty.

        Where it cannot be read, the bands are NaN.
        """

        def read(place: Window | None) -> np.ndarray | None:
            return self._source.masked(bands, place, out_shape, measured)

        if out_shape is not None:
            try:
                return read(window)
            except DamagedFileError:
                return None
        window = window or ((0, self.size[0]), (0, self.size[1]))
        found = list(self._readable(window, read))
        shapes = {mask.shape[:-2] for _, mask in found if mask is not None}
        if not shapes:
            return None
        return _assembled(found, window, np.zeros((*shapes.pop(), 1, 1), bool))

    def say(self) -> None:
        """Warn of what could not be read."""
        if self.lost:
            places = '; '.join(
                f'rows {top} to {bottom}, columns {left} to {right}'
                for (top, bottom), (left, right) in self.lost[:10]
            )
            warnings.warn(
                f'{self.path} ({self._name}) could not be read in '
                f'{len(self.lost)} places of the file, which count as nodata: '
                f'{places}' + (', ...' if len(self.lost) > 10 else ''),
                stacklevel=2,
            )

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        """Read bands; reduced all are NaN if any of the window is damaged."""

        def read(place: Window | None) -> np.ndarray:
            data = self._source._read(bands, place, out_shape, None)
            # Who cannot read the mask does not know what is valid.
            self._source.masked(bands, place, out_shape)
            return data

        types = [self.dtypes[b] for b in bands]
        nothing = np.full(
            (len(bands), 1, 1), np.nan, dtype or np.result_type(*types)
        )
        if out_shape is not None:
            try:
                return read(window).astype(nothing.dtype)
            except DamagedFileError:
                return np.tile(nothing, (1, *out_shape))
        window = window or ((0, self.size[0]), (0, self.size[1]))
        return _assembled(self._readable(window, read), window, nothing)

    def _readable(
        self, window: Window, read: Callable[[Window], np.ndarray | None]
    ) -> Iterator[tuple[Window, np.ndarray | None]]:
        """Read a window, or what can be read of it; note the rest."""
        with contextlib.suppress(DamagedFileError):
            yield window, read(window)
            return
        # Cells of the raster: windows that overlap give up the same ones.
        cells = [(stop - 1) // CELL - start // CELL for start, stop in window]
        if not any(cells):
            self._note(window)
            return
        axis = int(np.argmax(cells))
        start, stop = window[axis]
        middle = (start // CELL + (cells[axis] + 1) // 2) * CELL
        for half in ((start, middle), (middle, stop)):
            part = (half, window[1]) if axis == 0 else (window[0], half)
            yield from self._readable(part, read)

    def _note(self, window: Window) -> None:
        """Add a place to the others, joined with those that it touches."""
        while True:
            touching = [
                other
                for other in self.lost
                if all(
                    a <= d and c <= b
                    for (a, b), (c, d) in zip(window, other, strict=True)
                )
            ]
            if not touching:
                break
            for other in touching:
                self.lost.remove(other)
            window = tuple(
                (min(a for a, _ in ends), max(b for _, b in ends))
                for ends in zip(window, *touching, strict=True)
            )
        self.lost.append(window)


def _assembled(
    pieces: Iterable[tuple[Window, np.ndarray | None]],
    window: Window,
    nothing: np.ndarray,
) -> np.ndarray:
    """Put pieces of a window together.

    Args:
        pieces: They, (..., h, w) each.
        window: What they are pieces of.
        nothing: (..., 1, 1), what lies where there is none.
    """
    (top, bottom), (left, right) = window
    shape = *nothing.shape[:-2], bottom - top, right - left
    out = np.broadcast_to(nothing, shape).copy()
    for (rows, columns), piece in pieces:
        if piece is not None:
            here = slice(rows[0] - top, rows[1] - top)
            there = slice(columns[0] - left, columns[1] - left)
            out[..., here, there] = piece
    return out
