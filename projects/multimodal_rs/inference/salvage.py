"""What can be read of a damaged raster; the rest counts as nodata."""

import warnings

import numpy as np

from multimodal_rs.datasets.io.opened import Window
from multimodal_rs.datasets.reading import BandReader, Reading
from multimodal_rs.utils.damage import DamagedFileError

CELL = 16  # pixels, side of what is given up at once


class SalvagingReader:
    """A reader to which pixels that cannot be read are invalid.

    A window that fails is read in halves, and those again, down to cells of
    ``CELL`` pixels: what is lost is hardly more than the damaged block.

    Args:
        reader (BandReader): How the raster is read.

    Attributes:
        lost: Rows and columns of what could not be read, put together.
    """

    def __init__(self, reader: BandReader) -> None:
        self.reader = reader
        self.file = reader.file
        self.modality = reader.modality
        self.lost: list[Window] = []

    def read(self, window: Window) -> Reading | None:
        """Read numbers as they are in the file; None if that fails."""
        try:
            return self.reader.read(window)
        except DamagedFileError:
            return None

    def prepared(
        self,
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read the bands in the units of a network.

        Returns:
            (C, H, W) float32, NaN where nothing is valid or readable. A whole
            raster that is reduced is all NaN if any of it is damaged.
        """
        try:
            return self.reader.prepared(window, out_shape)
        except DamagedFileError:
            if out_shape is not None:
                return self._nothing(out_shape)
        window = window or tuple((0, n) for n in self.file.size)
        # Cells of the raster: windows that overlap give up the same ones.
        cells = [(stop - 1) // CELL - start // CELL for start, stop in window]
        if not any(cells):
            self._note(window)
            return self._nothing(tuple(stop - start for start, stop in window))
        axis = int(np.argmax(cells))
        start, stop = window[axis]
        middle = (start // CELL + (cells[axis] + 1) // 2) * CELL
        parts = []
        for half in ((start, middle), (middle, stop)):
            part = (half, window[1]) if axis == 0 else (window[0], half)
            parts.append(self.prepared(part))
        return np.concatenate(parts, axis=1 + axis)

    def say(self) -> None:
        """Warn of what could not be read."""
        if self.lost:
            places = '; '.join(
                f'rows {top} to {bottom}, columns {left} to {right}'
                for (top, bottom), (left, right) in self.lost[:10]
            )
            warnings.warn(
                f'{self.file.path} ({self.modality.name}) could not be read '
                f'in {len(self.lost)} places, which count as nodata: {places}'
                + (', ...' if len(self.lost) > 10 else ''),
                stacklevel=2,
            )

    def _nothing(self, shape: tuple[int, int]) -> np.ndarray:
        bands = len(self.reader.bands)
        return np.full((bands, *shape), np.nan, np.float32)

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
