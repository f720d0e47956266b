"""Several rasters, seen as the bands of one."""

from collections.abc import Collection, Iterator, Sequence

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
        order (Sequence[int], optional): For each band which it is among the
            bands of the parts, one part after the other. None: as they come.
    """

    def __init__(
        self,
        parts: Sequence[OpenedRaster],
        order: Sequence[int] | None = None,
    ) -> None:
        self._parts = list(parts)
        every = [(part, b) for part in parts for b in range(part.bands)]
        order = range(len(every)) if order is None else order
        self._bands = [every[i] for i in order]
        self.path = ', '.join(part.path for part in parts)
        self.size = parts[0].size
        self.bands = len(self._bands)
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
        return [part.dtypes[own] for part, own in self._bands]

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get the nodata value that some bands declare."""
        pairs = [self._bands[b] for b in bands]
        values = tuple(part.nodata((own,)) for part, own in pairs)
        return values[0] if len(set(map(str, values))) == 1 else values

    @property
    def names(self) -> Sequence[str | None]:
        """What the files call their bands."""
        return [part.names[own] for part, own in self._bands]

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get the scale and offset that some bands declare."""
        pairs = [self._bands[b] for b in bands]
        found = [part.scaling((own,)) for part, own in pairs]
        if not any(found):
            return None
        each = [f or Scaling((1.0,), (0.0,)) for f in found]
        return Scaling(
            tuple(f.scales[0] for f in each), tuple(f.offsets[0] for f in each)
        )

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
        masks = {}
        known = [self._bands[b] for b in measured if b < self.bands]
        for part, here in self._of_parts(bands):
            own = part.masked(
                *(list(here.values()), window, out_shape),
                {b for other, b in known if other is part},
            )
            if own is not None:
                each = own if own.ndim == 3 else [own] * len(here)
                masks.update(zip(here, each, strict=True))
        if not masks:
            return None
        none = np.zeros(next(iter(masks.values())).shape, bool)
        return np.stack([masks.get(b, none) for b in bands])

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
        read = {}
        for part, here in self._of_parts(bands):
            data = part.read(list(here.values()), window, out_shape)
            read.update(zip(here, data, strict=True))
        data = np.stack([read[b] for b in bands])
        return np.ascontiguousarray(data, dtype)

    def _of_parts(
        self, bands: Sequence[int]
    ) -> Iterator[tuple[OpenedRaster, dict[int, int]]]:
        """Divide bands among the parts: a band here -> its own there."""
        for part in self._parts:
            here = {
                b: self._bands[b][1]
                for b in sorted(set(bands))
                if self._bands[b][0] is part
            }
            if here:
                yield part, here
