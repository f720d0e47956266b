"""Rasters of a scene: several sensors, read on one grid in windows."""

import contextlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rasterio.transform import xy

from multimodal_rs.datasets.band_files import by_band
from multimodal_rs.datasets.file_range import far_off, file_numbers
from multimodal_rs.datasets.io.arrays import OpenedArray
from multimodal_rs.datasets.io.correspondence import check_placed_by_grid
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import BandReader
from multimodal_rs.inference.grids import (
    FINEST,
    SceneGrid,
    on_grid,
    reference_grid,
    say_what_is_assumed,
)
from multimodal_rs.inference.salvage import SalvagedRaster
from multimodal_rs.utils.windows import Window

# Pieces per side, and pixels per piece, that tell the unit of a raster.
SAMPLES, SAMPLE = 5, 64
STEP = 2  # of their rows and columns
# A file, files of single bands, or (C, H, W) with the bands of a file.
Source = str | os.PathLike | Sequence[str | os.PathLike] | np.ndarray


class SceneRasters(contextlib.ExitStack):
    """The open rasters of a scene. A context manager.

    Args:
        sources (dict): Raster per modality; a subset of the modalities is
            enough. Files may be anything that tiles may be, and a sequence
            of files with a band each, in any order if the modality declares
            the names of its bands. Arrays are (C, H, W), or (H, W) with one
            band, in the units of files. They declare no nodata of their own:
            NaN, a mask (``np.ma``) and the number that the modality declares
            mark invalid pixels.
        modalities (dict): The declarations.
        choice (SceneGrid): To which grid rasters of others are brought, and
            what happens where a file is damaged.

    Attributes:
        grid: Size of all, and where they lie, if any of them says so.

    Raises:
        KeyError: If a name is not a declared modality.
        FileNotFoundError: If a file does not exist.
        ValueError: If a file cannot be read, lacks a band, or does not say
            where it lies on the grid of the scene.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        modalities: Mapping[str, Modality],
        choice: SceneGrid = FINEST,
    ) -> None:
        super().__init__()
        with contextlib.ExitStack() as stack:
            parts, self.modalities = _parts(
                sources, modalities, stack, choice.unreadable
            )
            self._parts = [p for several in parts.values() for p in several]
            self.grid = reference_grid(parts, choice, modalities)
            like = choice.like is not None and choice.like not in parts
            self._like = [os.fspath(choice.like)] if like else []
            self._readers = {
                name: on_grid(name, parts[name], modality, self.grid, choice)
                for name, modality in self.modalities.items()
            }
            self.files = {n: r.file for n, r in self._readers.items()}
            say_what_is_assumed(parts, self.grid, choice)
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
        rows, columns = self._inside(window)
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

    def file_names(self) -> list[str]:
        """List all files that are read, as those that a VRT names."""
        names = [name for part in self._parts for name in part.file_names]
        return names + self._like

    def not_finite_at(
        self, window: Window, image: Mapping[str, np.ndarray]
    ) -> str:
        """Say where a network's answer is not finite.

        Args:
            window: What was answered for.
            image: What was read there, as :meth:`read` returns it.
        """
        rows, columns = self._inside(window)
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

    def _inside(self, window: Window) -> tuple[tuple[int, int], ...]:
        """Get the rows and columns of a window that the scene has."""
        height, width = self.size
        return (
            (max(window.top, 0), min(window.bottom, height)),
            (max(window.left, 0), min(window.right, width)),
        )

    def _load(
        self,
        name: str,
        window: tuple | None = None,
        out_shape: tuple | None = None,
    ) -> np.ndarray:
        return self._readers[name].prepared(window, out_shape)


def scene_grid(
    sources: Mapping[str, Source],
    modalities: Mapping[str, Modality],
    choice: SceneGrid = FINEST,
) -> Grid:
    """Find the grid that the map of a scene will have; no pixel is read.

    Args:
        sources: As of :class:`SceneRasters`, which raises the same.
        modalities: The declarations.
        choice: To which grid rasters of others are brought.
    """
    with contextlib.ExitStack() as stack:
        parts, _ = _parts(sources, modalities, stack, 'stop')
        return reference_grid(parts, choice, modalities)


def source_paths(source: Source) -> list[str]:
    """List the files of a raster; an array has none.

    Raises:
        TypeError: If it is neither.
    """
    if isinstance(source, np.ndarray):
        return []
    single = isinstance(source, str | os.PathLike)
    try:
        return [os.fspath(path) for path in ([source] if single else source)]
    except TypeError as error:  # a tensor, None, ...
        raise TypeError(
            'scene: expected of a modality its file, files with a band each, '
            f'or a numpy array (C, H, W), got {type(source).__name__}: '
            'convert it (`numpy.asarray`), or leave the modality out'
        ) from error


def local_files(sources: Mapping[str, Source]) -> list[str]:
    """List the files of all rasters."""
    return [path for x in sources.values() for path in source_paths(x)]


def reduced_shape(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """Shrink (H, W) so that the longer side has at most ``longest`` pixels."""
    factor = min(longest / max(size), 1)
    height, width = (max(round(n * factor), 1) for n in size)
    return height, width


def _parts(
    sources: Mapping[str, Source],
    modalities: Mapping[str, Modality],
    stack: contextlib.ExitStack,
    unreadable: str,
) -> tuple[dict[str, list[OpenedRaster]], dict[str, Modality]]:
    """Open all rasters of a scene.

    Returns:
        Per modality, in the order of the declarations: its raster, or one per
        band, and the declaration of what is in them.
    """
    unknown = sorted(set(sources) - set(modalities))
    if unknown or not sources:
        raise KeyError(
            f'scene: got rasters for {sorted(sources)}, expected one for '
            f'some or all of {list(modalities)}'
        )
    opened = {
        name: _open(sources[name], modality, stack, unreadable)
        for name, modality in modalities.items()
        if name in sources
    }
    return (
        {name: parts for name, (parts, _) in opened.items()},
        {name: modality for name, (_, modality) in opened.items()},
    )


def _open(
    source: Source,
    modality: Modality,
    stack: contextlib.ExitStack,
    unreadable: str,
) -> tuple[list[OpenedRaster], Modality]:
    """Open the raster of a modality, or one for each of its bands.

    Args:
        source: Its files, or an array.
        modality: Its declaration.
        stack: Closes them.
        unreadable: What happens where a file is damaged.

    Returns:
        The rasters, and the declaration of what is in them.
    """
    if isinstance(source, np.ndarray):
        return [_array(source, modality)], modality
    paths, modality = _band_files(source_paths(source), modality)
    files = [
        stack.enter_context(open_raster(path, modality.key, of_scene=True))
        for path in paths
    ]
    for file in files:
        check_placed_by_grid(file)
    if unreadable == 'nodata':
        # Below all resampling, which spreads an invalid pixel no farther.
        files = [SalvagedRaster(file, modality.name) for file in files]
        for file in files:
            stack.callback(file.say)
    return files, modality


def _array(array: np.ndarray, modality: Modality) -> OpenedArray:
    name = f'array {modality.name!r}, (C, H, W) = {array.shape},'
    array = array[None] if array.ndim == 2 else array
    if array.ndim != 3:
        raise ValueError(f'{name} must have the axes (C, H, W), or (H, W)')
    return OpenedArray(array.transpose(1, 2, 0), name)


def _band_files(
    paths: Sequence[str], modality: Modality
) -> tuple[Sequence[str], Modality]:
    """Bring files of single bands into order; those that are read will do."""
    if not paths:
        raise ValueError(f'{modality.name}: expected files, got none')
    names = modality.file_bands
    if len(paths) > 1 and names is not None and len(paths) < len(names):
        read = tuple(names[i] for i in dict.fromkeys(modality.indices))
        bands = tuple(names[i] for i in modality.indices)
        shown = modality.display.bands
        if shown is not None:
            shown = tuple(bands[modality.bands.index(b)] for b in shown)
        modality = replace(
            modality,
            bands=bands,
            file_bands=read,
            display=replace(modality.display, bands=shown),
        )
    if len(paths) > 1:
        # A Path would spoil addresses.
        known = {Path(path): path for path in paths}
        paths = [known[path] for path in by_band(modality, list(known))]
    return paths, modality


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
