"""What masks and alpha bands of a file call empty."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import numpy as np
from rasterio._err import CPLE_BaseError
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.io import DatasetReader

from multimodal_rs.datasets.io.opened import OpenedRaster, Window

Answer = TypeVar('Answer')


class FileMasks:
    """The masks of a file, apart from what follows from its nodata value.

    Args:
        file (DatasetReader): It, open.

    Attributes:
        alpha: Where the alpha band (0-based) is, found also where a nodata
            value hides it; None: there is none.
    """

    def __init__(self, file: DatasetReader) -> None:
        self._file = file
        self._flags = _asked(lambda: file.mask_flag_enums)
        kinds = _asked(lambda: file.colorinterp) if file.count > 1 else ()
        found = (i for i, k in enumerate(kinds) if k == ColorInterp.alpha)
        self.alpha: int | None = next(found, None)

    def any(self, bands: Sequence[int], measured: Collection[int]) -> bool:
        """Whether :meth:`read` has anything to say of bands."""
        alpha = self.alpha is not None and self.alpha not in measured
        return alpha or any(_reads_mask(self._flags[b]) for b in bands)

    def read(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels are empty.

        No mask is read where GDAL says that all pixels are valid; of an alpha
        band it says so unless its numbers are unsigned, of 8 or 16 bits. Half
        transparent pixels are valid.

        Args:
            bands: 0-based indices.
            window: What to read of the grid. None reads all of it.
            out_shape: (H, W) to reduce it to.
            measured: Bands that hold measurements even if the file calls one
                of them alpha.

        Returns:
            True where empty, (H, W) for all bands at once or (C, H, W) per
            band; None: there is neither mask nor alpha band.
        """
        if not self.any(bands, measured):
            return None
        file, place = self._file, dict(window=window, out_shape=out_shape)
        found = None
        if self.alpha is not None and self.alpha not in measured:
            found = file.read(self.alpha + 1, **place) == 0
        kinds = [self._flags[b] for b in bands]
        if all(MaskFlags.per_dataset in kind for kind in kinds):
            kinds = kinds[:1]  # one for all
        if not any(map(_reads_mask, kinds)):
            return found
        masks = [
            file.read_masks(b + 1, **place) == 0 if _reads_mask(kind) else None
            for b, kind in zip(bands, kinds, strict=False)
        ]
        shape = next(mask.shape for mask in masks if mask is not None)
        masks = [np.zeros(shape, bool) if m is None else m for m in masks]
        mask = masks[0] if len(masks) == 1 else np.stack(masks)
        return mask if found is None else mask | found


def masked_ids(
    file: OpenedRaster,
    bands: Sequence[int],
    window: Window | None = None,
    out_shape: tuple[int, int] | None = None,
) -> np.ndarray | None:
    """Read where a raster of class numbers says that it has none.

    An alpha band counts beside a single band: of four bands of 8 bits GDAL
    calls the last one alpha where nobody has said what it is.

    Args:
        file: It, of any kind.
        bands: 0-based indices.
        window: What to read of the grid. None reads all of it.
        out_shape: (H, W) to reduce it to, as the bands were.

    Returns:
        (H, W) bool; None: it has neither mask nor alpha band.
    """
    measured = () if file.bands == 2 else range(file.bands)
    masked = file.masked(bands, window, out_shape, measured)
    each = masked is not None and masked.ndim == 3
    return masked.any(axis=0) if each else masked


def _asked(ask: Callable[[], Answer]) -> Answer:
    """Ask a file what it is.

    rasterio raises there, once, what GDAL remembers of a read that has failed
    before.
    """
    try:
        return ask()
    except CPLE_BaseError:
        return ask()


def _reads_mask(flags: Collection[MaskFlags]) -> bool:
    """Whether a band has a mask beyond a nodata value and an alpha band."""
    known = (MaskFlags.all_valid, MaskFlags.alpha)
    if any(flag in flags for flag in known):
        return False
    return MaskFlags.nodata not in flags or MaskFlags.per_dataset in flags
