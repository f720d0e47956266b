"""Rasters of a scene: several sensors, one grid, read window by window."""

import contextlib
import os
import warnings
from collections.abc import Mapping

import numpy as np
from rasterio.transform import xy

from multimodal_rs.datasets.file_range import far_off, file_numbers
from multimodal_rs.datasets.io.arrays import OpenedArray
from multimodal_rs.datasets.io.grid import (
    Grid,
    differences,
    resampling,
    shared_grid,
)
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import BandReader
from multimodal_rs.utils.windows import Window

# Pieces per side, and pixels per piece, that tell the unit of a raster.
SAMPLES, SAMPLE = 5, 64
STEP = 2  # of their rows and columns
# A file, or (C, H, W) with the bands that a file would have.
Source = str | os.PathLike | np.ndarray


class SceneRasters(contextlib.ExitStack):
    """The open rasters of a scene. A context manager.

    Args:
        sources (dict): Raster per modality; a subset of the modalities is
            enough. Files may be anything that tiles may be. Arrays are
            (C, H, W), or (H, W) with one band, in the units of files. They
            declare no nodata of their own: NaN, a mask (``np.ma``) and the
            number that the modality declares mark invalid pixels.
        modalities (dict): The declarations.

    Attributes:
        grid: Size of all, and what those say that say where they lie.

    Raises:
        KeyError: If a name is not a declared modality.
        FileNotFoundError: If a file does not exist.
        ValueError: If a file cannot be read, lacks a band, or lies on another
            grid than the others.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        modalities: Mapping[str, Modality],
    ) -> None:
        super().__init__()
        unknown = sorted(set(sources) - set(modalities))
        if unknown or not sources:
            raise KeyError(
                f'scene: got rasters for {sorted(sources)}, expected one for '
                f'some or all of {list(modalities)}'
            )
        self.modalities = {
            n: modalities[n] for n in modalities if n in sources
        }
        with contextlib.ExitStack() as stack:
            self.files = {
                name: stack.enter_context(_open(sources[name], m))
                for name, m in self.modalities.items()
            }
            self._readers = {
                name: _reader(self.files[name], modality)
                for name, modality in self.modalities.items()
            }
            self.grid = _common_grid(self.files)
            for reader in self._readers.values():
                _warn_if_far(reader, self.grid.size)
            self.push(stack.pop_all())  # all is well: keep them open

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return self.grid.size

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

    def not_finite_at(
        self, window: Window, image: Mapping[str, np.ndarray]
    ) -> str:
        """Say where a network's answer is not finite.

        Args:
            window: What was answered for.
            image: What was read there, as :meth:`read` returns it.
        """
        height, width = self.size
        rows = max(window.top, 0), min(window.bottom, height)
        columns = max(window.left, 0), min(window.right, width)
        place = (
            f'rows {rows[0]} to {rows[1]}, columns {columns[0]} to '
            f'{columns[1]}'
        )
        if self.grid.placed:
            x, y = xy(self.grid.transform, rows, columns, offset='ul')
            place += f', x {x[0]:.10g} to {x[1]:.10g}'
            place += f', y {y[1]:.10g} to {y[0]:.10g}'
        read = [
            f'{name} of {self.files[name].path} from {np.nanmin(x):.4g} to '
            f'{np.nanmax(x):.4g}'
            for name, x in image.items()
            if not np.isnan(x).all()
        ]
        return (
            f'scene: the answer of the network is not finite in the window of '
            f'{place}: {"; ".join(read)}. No map is written. Mark absurd '
            'numbers there as nodata; if there are none, use a checkpoint '
            'whose weights are finite'
        )

    def _load(
        self,
        name: str,
        window: tuple | None = None,
        out_shape: tuple | None = None,
    ) -> np.ndarray:
        return self._readers[name].prepared(window, out_shape)


def reduced_shape(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Shrink (H, W) so that the longer side has at most ``longest`` pixels."""
    factor = min(longest / max(size), 1)
    height, width = (max(round(n * factor), 1) for n in size)
    return height, width


def _open(source: Source, modality: Modality) -> OpenedRaster:
    if not isinstance(source, np.ndarray):
        return open_raster(os.fspath(source), modality.key)
    name = f'array {modality.name!r}, (C, H, W) = {source.shape},'
    array = source[None] if source.ndim == 2 else source
    if array.ndim != 3:
        raise ValueError(f'{name} must have the axes (C, H, W), or (H, W)')
    return OpenedArray(array.transpose(1, 2, 0), name)


def _reader(file: OpenedRaster, modality: Modality) -> BandReader:
    if file.has_control_points:
        raise ValueError(
            f'{modality.name}: {file.path} is placed by ground control points '
            'or RPCs, not by a grid: rectify it first, with `gdalwarp` or '
            '`rio warp`'
        )
    return BandReader(file, modality)


def _warn_if_far(reader: BandReader, size: tuple[int, int]) -> None:
    """Warn of a raster in another unit than the training's."""
    modality = reader.modality
    if modality.file_range is None:
        return
    parts = [
        file_numbers(reader.read((rows, columns)), modality, STEP)
        for rows in _samples(size[0])
        for columns in _samples(size[1])
    ]
    found = far_off(np.concatenate(parts, axis=1), modality)
    if found:
        warnings.warn(f'{reader.file.path}: {found}', stacklevel=2)


def _samples(length: int) -> list[tuple[int, int]]:
    """Spread a few short pieces over a side, all of it if it is short.

    Every n-th pixel would mean to read all of a compressed raster.
    """
    if length <= SAMPLES * SAMPLE:
        return [(0, length)]
    starts = np.linspace(0, length - SAMPLE, SAMPLES).astype(int).tolist()
    return [(start, start + SAMPLE) for start in starts]


def _common_grid(files: Mapping[str, OpenedRaster]) -> Grid:
    grids = {name: file.grid for name, file in files.items()}
    found = differences(grids)
    if found:
        paths = {name: file.path for name, file in files.items()}
        raise ValueError(
            f'scene: {" and ".join(grids)} must share one grid, got '
            f'{"; ".join(found)}. Resample the one that differs: '
            f'`{resampling(grids, paths)}`'
        )
    _say_what_is_assumed(files, grids)
    return shared_grid(grids)


def _say_what_is_assumed(
    files: Mapping[str, OpenedRaster], grids: Mapping[str, Grid]
) -> None:
    """Warn of rasters that could have a position, as others do, but do not.

    Arrays never have one: whoever gives them knows where they belong.
    """
    placed = [name for name, grid in grids.items() if grid.placed]
    for name, file in files.items():
        if placed and name not in placed and not isinstance(file, OpenedArray):
            warnings.warn(
                f'{file.path} ({name}) does not say where it lies: it has the '
                f'size of {placed[0]} and is taken to lie on its grid',
                stacklevel=2,
            )
