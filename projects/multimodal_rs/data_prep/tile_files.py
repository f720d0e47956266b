"""Tiles of a scene as files: what is kept of it, and how it is written."""

import contextlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetWriter
from rasterio.windows import Window, transform

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import Scaling
from multimodal_rs.datasets.io.raster import check_written
from multimodal_rs.utils.files import atomic_path


@dataclass(frozen=True)
class Stripe:
    """Rows of a layer, or a tile of them.

    Attributes:
        data: (C, H, W).
        empty: True where a mask says so, (H, W); None without one.
        nodata: Value of all bands, None without one.
        names: Of the bands, None where the file says nothing.
        scaling: Scale and offset of the bands, None without.
        compressed: Whether its file shall be.
    """

    data: np.ndarray
    empty: np.ndarray | None = None
    nodata: float | None = None
    names: Sequence[str | None] = ()
    scaling: Scaling | None = None
    compressed: bool = False

    def part(self, left: int, width: int) -> 'Stripe':
        """Get the columns of a tile."""
        columns = slice(left, left + width)
        empty = None if self.empty is None else self.empty[:, columns]
        return replace(self, data=self.data[..., columns], empty=empty)


def to_uint8(data: np.ndarray) -> np.ndarray | None:
    """Write ids with 8 bits; None if they do not fit."""
    with np.errstate(invalid='ignore'):
        ids = data.astype('uint8')
    return ids if (ids == data).all() else None


def fits(number: float, dtype: np.dtype | str) -> bool:
    """Whether a type can hold a number."""
    if np.dtype(dtype).kind not in 'iu':
        return True
    limits = np.iinfo(dtype)
    return limits.min <= number <= limits.max  # no if NaN


def placed(grid: Grid, top: int = 0, left: int = 0) -> dict:
    """Get the georeference of a tile; empty if the scene has none."""
    if not grid.placed:
        return {}
    window = Window(left, top, 1, 1)
    return dict(crs=grid.crs, transform=transform(window, grid.transform))


def write_tile(path: Path, tile: Stripe, place: Mapping) -> None:
    """Write a GeoTIFF, completely or not at all.

    Args:
        path: The file.
        tile: What it holds.
        place: ``crs`` and ``transform``, or nothing.
    """
    bands, height, width = tile.data.shape
    settings = {}
    if tile.compressed:
        settings = dict(compress='deflate', interleave='band')
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(atomic_path(path))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        # Otherwise a mask goes into a file of its own, beside the tile.
        stack.enter_context(rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True))
        # GDAL would declare four bands of 8 bits red, green, blue and alpha.
        with rasterio.open(
            temporary,
            'w',
            driver='GTiff',
            count=bands,
            height=height,
            width=width,
            dtype=tile.data.dtype,
            photometric='minisblack',
            nodata=tile.nodata,
            **settings,
            **place,
        ) as file:
            _describe(file, tile)
            file.write(tile.data)
        check_written(temporary)


def _describe(file: DatasetWriter, tile: Stripe) -> None:
    """Say of a tile's bands what the scene says of them."""
    if any(tile.names):
        file.descriptions = tile.names
    if tile.scaling is not None:
        file.scales, file.offsets = tile.scaling
    if tile.empty is not None:
        file.write_mask(~tile.empty)
