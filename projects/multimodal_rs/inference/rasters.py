"""Rasters of a scene: several sensors, one grid, read window by window."""

import contextlib
import os
import warnings
from collections.abc import Mapping

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from multimodal_rs.datasets.io.raster import (
    check_real,
    declared_nodata,
    is_virtual,
)
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.utils.windows import Window

GRID_TOLERANCE = 0.05  # pixels


class SceneRasters(contextlib.ExitStack):
    """The open rasters of a scene. A context manager.

    Args:
        paths (dict): File per modality, anything that GDAL reads; a subset of
            the modalities is enough.
        modalities (dict): The declarations.

    Attributes:
        size: (H, W) in pixels.
        crs: Coordinate reference system, None if the files have none.
        transform: From (column, row) to coordinates.

    Raises:
        KeyError: If a name is not a declared modality.
        FileNotFoundError: If a file does not exist.
        ValueError: If a file cannot be read, lacks a band, or lies on another
            grid than the first one.
    """

    def __init__(
        self, paths: Mapping[str, str], modalities: Mapping[str, Modality]
    ) -> None:
        super().__init__()
        unknown = sorted(set(paths) - set(modalities))
        if unknown or not paths:
            raise KeyError(
                f'scene: got rasters for {sorted(paths)}, expected one for '
                f'some or all of {list(modalities)}'
            )
        self.paths = dict(paths)
        self.modalities = {n: modalities[n] for n in modalities if n in paths}
        with contextlib.ExitStack() as stack:
            self.files = {
                name: stack.enter_context(_open(name, paths[name], modality))
                for name, modality in self.modalities.items()
            }
            self._check_grids()
            self.push(stack.pop_all())  # all is well: keep them open
        first = next(iter(self.files.values()))
        self.size = first.shape
        self.crs = first.crs
        self.transform = first.transform

    def read(self, window: Window) -> dict[str, np.ndarray]:
        """Read a window; beyond the border the scene is mirrored.

        Returns:
            Per modality (C, H, W) float32 in the units after the value
            transforms, NaN where invalid.
        """
        height, width = self.size
        rows = max(window.top, 0), min(window.bottom, height)
        columns = max(window.left, 0), min(window.right, width)
        beyond = (
            (0, 0),
            (rows[0] - window.top, window.bottom - rows[1]),
            (columns[0] - window.left, window.right - columns[1]),
        )
        return {
            name: np.pad(
                self._load(name, window=(rows, columns)),
                beyond,
                mode='symmetric',
            )
            for name in self.files
        }

    def read_reduced(self, longest: int) -> dict[str, np.ndarray]:
        """Read the whole scene with fewer pixels (every n-th).

        Args:
            longest: Pixels of the longer side, at most.
        """
        shape = reduced_shape(self.size, longest)
        return {name: self._load(name, out_shape=shape) for name in self.files}

    def _load(
        self,
        name: str,
        window: tuple | None = None,
        out_shape: tuple | None = None,
    ) -> np.ndarray:
        file, modality = self.files[name], self.modalities[name]
        bands = [i + 1 for i in modality.indices]
        if out_shape is not None:
            out_shape = (len(bands), *out_shape)
        try:
            data = file.read(
                bands, window=window, out_shape=out_shape, out_dtype='float32'
            )
        except RasterioError as error:
            raise ValueError(
                f'{name}: {self.paths[name]} cannot be read (window '
                f'{window}): {error.__cause__ or error}. The file is probably '
                'truncated: copy or download it again'
            ) from error
        modality.prepare(data, declared_nodata(file, modality.indices))
        return data

    def _check_grids(self) -> None:
        names = list(self.files)
        for name in names[1:]:
            differences = _grid_differences(
                (names[0], self.files[names[0]]), (name, self.files[name])
            )
            if differences:
                first, other = self.paths[names[0]], self.paths[name]
                raise ValueError(
                    f'scene: {names[0]} and {name} must share one grid, got '
                    f'{"; ".join(differences)}. Resample one of them: `rio '
                    f'warp {other} {name}_resampled.tif --like {first} '
                    '--resampling bilinear`'
                )


def reduced_shape(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Shrink (H, W) so that the longer side has at most ``longest`` pixels."""
    factor = min(longest / max(size), 1)
    height, width = (max(round(n * factor), 1) for n in size)
    return height, width


def _open(name: str, path: str, modality: Modality) -> rasterio.DatasetReader:
    if not is_virtual(path) and not os.path.exists(path):
        raise FileNotFoundError(
            f'{name}: raster {path} does not exist (relative paths start at '
            f'{os.getcwd()}): correct the path'
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            file = rasterio.open(path)
    except RasterioError as error:
        raise ValueError(
            f'{name}: {path} cannot be opened: {error}. Expected a raster '
            'that GDAL reads, such as a GeoTIFF: convert it'
        ) from error
    try:
        _check_bands(name, path, file, modality)
    except ValueError:
        file.close()
        raise
    return file


def _check_bands(
    name: str, path: str, file: rasterio.DatasetReader, modality: Modality
) -> None:
    if file.crs is None and (file.gcps[0] or file.rpcs):
        raise ValueError(
            f'{name}: {path} is placed by ground control points or RPCs, not '
            'by a grid: rectify it first, with `gdalwarp` or `rio warp`'
        )
    count = file.count
    needed = max(modality.indices) + 1
    if modality.file_count not in (None, count):
        raise ValueError(
            f'{name}: {path} has {count} bands, expected '
            f'{modality.file_count}, {list(modality.file_bands)}: the network '
            'was trained on files with these bands in this order'
        )
    if count < needed:
        raise ValueError(
            f'{name}: {path} has {count} bands, the bands '
            f'{list(modality.bands)} need at least {needed}: the network was '
            'trained on files with these bands in this order'
        )
    check_real([file.dtypes[i] for i in modality.indices], path)


def _grid_differences(
    first: tuple[str, rasterio.DatasetReader],
    other: tuple[str, rasterio.DatasetReader],
) -> list[str]:
    """Say in which respect two rasters differ, with both values."""
    (name_a, a), (name_b, b) = first, other
    differences = []
    if a.shape != b.shape:
        differences.append(
            f'size (H, W) {a.shape} of {name_a} and {b.shape} of {name_b}'
        )
    if a.crs != b.crs:
        differences.append(f'CRS {a.crs} of {name_a} and {b.crs} of {name_b}')
    corners = [(0, 0), (a.width, 0), (0, a.height), (a.width, a.height)]
    shifts = [
        abs(p - q)
        for corner in corners
        for p, q in zip(
            ~a.transform * (b.transform * corner), corner, strict=True
        )
    ]
    if max(shifts) > GRID_TOLERANCE:
        differences.append(
            f'transform {tuple(a.transform)[:6]} of {name_a} and '
            f'{tuple(b.transform)[:6]} of {name_b}'
        )
    return differences
