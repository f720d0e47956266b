"""Several rasters, seen as the bands of one."""

from collections.abc import Collection, Sequence

import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Scaling,
    Window,
)


class StackedRaster(OpenedRaster):
    """The bands of several rasters, one after the other.

    Args:
        parts (Sequence[OpenedRaster]): On one grid; closed with this raster.
    """

    def __init__(self, parts: Sequence[OpenedRaster]) -> None:
        self._parts = list(parts)
        self.path = ', '.join(part.path for part in parts)
        self.size = parts[0].size
        self.bands = sum(part.bands for part in parts)
        self.missing = next((p.missing for p in parts if p.missing), '')

    @property
    def grid(self) -> Grid:
        """Size and position."""
        return self._parts[0].grid

    @property
    def file_names(self) -> Sequence[str]:
        """The files of all parts."""
        names = [name for part in self._parts for name in part.file_names]
        return list(dict.fromkeys(names))

    @property
    def has_control_points(self) -> bool:
        """Whether points or RPCs place any part, not a grid."""
        return any(part.has_control_points for part in self._parts)

    @property
    def dtypes(self) -> Sequence[str]:
        """Name of the type of each band."""
        return [t for part in self._parts for t in part.dtypes]

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get the nodata value that some bands declare."""
        values = []
        for part in self._parts:
            values += [part.nodata((b,)) for b in range(part.bands)]
        values = tuple(values[b] for b in bands)
        return values[0] if len(set(map(str, values))) == 1 else values

    @property
    def names(self) -> Sequence[str | None]:
        """What the files call their bands."""
        return [name for part in self._parts for name in part.names]

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get the scale and offset that some bands declare."""
        scales, offsets = [], []
        for part in self._parts:
            own = part.scaling(range(part.bands))
            scales += (1.0,) * part.bands if own is None else own.scales
            offsets += (0.0,) * part.bands if own is None else own.offsets
        pairs = [(scales[b], offsets[b]) for b in bands]
        if all(pair == (1, 0) for pair in pairs):
            return None
        return Scaling(*zip(*pairs, strict=True))

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels the masks of the files call empty.

        Returns:
            (C, H, W) per band; None: no file has a mask.
        """
        masks = []
        for part in self._parts:
            bands_here = range(part.bands)
            known = {b - len(masks) for b in measured} & set(bands_here)
            own = part.masked(bands_here, window, out_shape, known)
            whole = own is None or own.ndim == 2
            masks += [own] * part.bands if whole else own
        masks = [masks[b] for b in bands]
        shapes = {mask.shape for mask in masks if mask is not None}
        if not shapes:
            return None
        none = np.zeros(shapes.pop(), bool)
        return np.stack([none if mask is None else mask for mask in masks])

    @property
    def categorical(self) -> bool:
        """Whether the numbers of all parts stand for classes."""
        return all(part.categorical for part in self._parts)

    @property
    def closed(self) -> bool:
        """Whether all parts were closed."""
        return all(part.closed for part in self._parts)

    def close(self) -> None:
        """Close all parts."""
        for part in self._parts:
            part.close()

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        read, first = {}, 0
        for part in self._parts:
            wanted = sorted({b for b in bands if 0 <= b - first < part.bands})
            if wanted:
                own = [b - first for b in wanted]
                data = part.read(own, window, out_shape)
                read.update(zip(wanted, data, strict=True))
            first += part.bands
        data = np.stack([read[b] for b in bands])
        return np.ascontiguousarray(data, dtype)
