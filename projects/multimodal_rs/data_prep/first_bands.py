"""Layers of a scene whose file has more bands than are of use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from multimodal_rs.data_prep.scenes import SceneLayer
from multimodal_rs.datasets.io.opened import OpenedRaster, Window
from multimodal_rs.datasets.io.view import RasterView


@dataclass(frozen=True, kw_only=True)
class FirstBandsLayer(SceneLayer):
    """A raster of which the first bands are cut.

    A file that has no more of them is what it is; a remark names one that
    has.

    Attributes:
        limit: How many bands are cut.
    """

    limit: int

    def open(self) -> OpenedRaster:
        """Open it for reading, without the further bands."""
        file = super().open()
        if file.bands <= self.limit:
            return file
        _remark(self.name, file.bands, self.limit)
        return FirstBandsRaster(file, self.limit)


@cache
def _remark(name: str, bands: int, limit: int) -> None:
    """Say once what is left out."""
    print(f'Remark: {name} has {bands} bands, the first {limit} are taken')


class FirstBandsRaster(RasterView):
    """The first bands of a raster. A context manager that owns its source.

    Args:
        source (OpenedRaster): The raster; closed with this one.
        limit (int): How many of its bands are shown.
    """

    def __init__(self, source: OpenedRaster, limit: int) -> None:
        super().__init__(source)
        self.bands = limit
        self.missing = source.missing

    @property
    def alpha(self) -> int | None:
        """That of the source, if it is shown."""
        alpha = self._source.alpha
        return alpha if alpha is not None and alpha < self.bands else None

    @property
    def dtypes(self) -> Sequence[str]:
        """Those of the bands that are shown."""
        return self._source.dtypes[: self.bands]

    @property
    def names(self) -> Sequence[str | None]:
        """What the source calls the bands that are shown."""
        return self._source.names[: self.bands]

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels the source calls empty."""
        return self._source.masked(bands, window, out_shape, measured)

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        return self._source.read(bands, window, out_shape, dtype)
