"""Bands of a modality in several rasters, brought from their grids to one.

A declaration says which pixels are empty by all bands together. Rasters on
one grid are stacked, and what is empty is known before they are resampled.
With bands of several resolutions each raster says on its own grid where it is
empty; where a pixel is empty only if all bands are (``nodata_when='all'``),
the others are asked what they say there.
"""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from multimodal_rs.datasets.io.grid import Grid, differences
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Window,
)
from multimodal_rs.datasets.io.resampled import Prepare, ResampledRaster
from multimodal_rs.datasets.io.stacked import StackedRaster
from multimodal_rs.datasets.io.view import RasterView
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.pixels import in_type
from multimodal_rs.datasets.validity import prepared

MUCH_FINER = 2.0  # times: from here on a pixel is the mean of those below it
# A raster, the positions of the bands of it that will be read, what makes its
# invalid pixels NaN, and the bands whose mask counts as one of measurements
# (None: no mask counts) -> the raster on the new grid.
Move = Callable[
    [OpenedRaster, Sequence[int], Prepare, Collection[int] | None],
    OpenedRaster,
]


@dataclass(frozen=True)
class Reads:
    """What is read of the bands of some rasters, one raster after the other.

    Attributes:
        modality: The declaration.
        joint: Positions of the bands that it reads, which are empty together.
        kept: Those of all bands that are wanted, others count one by one.
        measured: Bands that hold measurements even if a file calls one
            alpha; None: masks do not count.
    """

    modality: Modality
    joint: tuple[int, ...]
    kept: tuple[int, ...]
    measured: frozenset[int] | None

    def of(self, positions: Sequence[int]) -> 'Reads':
        """Get what is read of some bands, as they are numbered alone."""
        alone = {position: i for i, position in enumerate(positions)}

        def here(bands: Collection[int]) -> tuple[int, ...]:
            return tuple(alone[b] for b in bands if b in alone)

        measured = self.measured
        return Reads(
            self.modality,
            here(self.joint),
            here(self.kept),
            None if measured is None else frozenset(here(measured)),
        )

    @property
    def prepare(self) -> Prepare:
        """What makes invalid pixels of the kept bands NaN."""
        places = tuple(self.kept.index(b) for b in self.joint)
        return partial(prepared, modality=self.modality, bands=places)


def bring_together(
    parts: Sequence[OpenedRaster], reads: Reads, grid: Grid, move: Move
) -> OpenedRaster:
    """Bring the rasters of a modality to one grid.

    Args:
        parts: Its raster, or several, whose bands follow one another.
        reads: What is read of all their bands.
        grid: Where.
        move: Resamples a raster.

    Returns:
        Of float32, with NaN where invalid; owns the parts.
    """
    groups = [
        _Group(tuple(parts[i] for i in members), own, reads.of(own), grid)
        for members, own in _on_one_grid(parts)
    ]
    if len(groups) == 1:
        return groups[0].moved(move)
    together = reads.modality.nodata_when == 'all'
    speaking = [g for g in groups if together and g.can_be_empty]
    moved = []
    for group in groups:
        others = [g for g in speaking if g is not group]
        asks = others and group in speaking
        moved.append(group.joined(others, move) if asks else group.moved(move))
    after = [b for group in groups for b in group.positions]
    return StackedRaster(moved, [after.index(b) for b in range(len(after))])


class JointlyEmptyRaster(RasterView):
    """A raster whose bands are only empty where those of others are, too.

    Its numbers are float32, NaN where invalid.

    Args:
        source (OpenedRaster): It; closed with this raster.
        reads (Reads): What is read of it.
        others (Sequence[tuple]): Others on its grid, and the band of each
            that is NaN where it is empty.
    """

    def __init__(
        self,
        source: OpenedRaster,
        reads: Reads,
        others: Sequence[tuple[OpenedRaster, int]],
    ) -> None:
        super().__init__(source)
        self._reads = reads
        self._others = others

    @property
    def dtypes(self) -> Sequence[str]:
        """float32 for all bands."""
        return ('float32',) * self.bands

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get NaN."""
        return math.nan

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        source, reads = self._source, self._reads
        loaded = list(dict.fromkeys([*bands, *reads.joint]))
        data = source.read(loaded, window, out_shape)
        nodata = [source.nodata((b,)) for b in loaded]
        masked = None
        if reads.measured is not None:
            masked = source.masked(loaded, window, out_shape, reads.measured)
        joint = [loaded.index(b) for b in reads.joint]
        out = prepared(data, nodata, masked, reads.modality, joint)
        alone = np.isnan(out[joint[0]])
        empty = alone
        for other, band in self._others:
            if empty.any():
                empty = empty & np.isnan(
                    other.read((band,), window, out_shape)[0]
                )
        if (alone & ~empty).any():
            # What looks like nodata is a number there; NaN stays NaN.
            trusting = replace(reads.modality, nodata=None)
            numbers = prepared(data, nodata, None, trusting, joint)
            for band in joint:
                np.copyto(out[band], numbers[band], where=alone & ~empty)
        order = [loaded.index(b) for b in bands]
        return np.ascontiguousarray(out[order], dtype)


@dataclass(frozen=True)
class _Group:
    """Rasters of a modality that lie on one grid.

    Attributes:
        parts: They.
        positions: Which bands they are of all that the modality has.
        reads: What is read of them.
        target: The grid to which all are brought.
    """

    parts: tuple[OpenedRaster, ...]
    positions: tuple[int, ...]
    reads: Reads
    target: Grid

    @property
    def raster(self) -> OpenedRaster:
        """All their bands."""
        several = len(self.parts) > 1
        return StackedRaster(self.parts) if several else self.parts[0]

    @property
    def place(self) -> Grid:
        """Their grid; what says of none lies on the target."""
        own = self.parts[0].grid
        return own if differences(dict(a=self.target, b=own)) else self.target

    @property
    def can_be_empty(self) -> bool:
        """Whether anything in them marks empty pixels: others take no part."""
        raster, reads = self.raster, self.reads
        declared = reads.modality.nodata
        for band in reads.joint:
            value = raster.nodata((band,)) if declared == 'file' else declared
            if in_type(value, np.dtype(raster.dtypes[band])) is not None:
                return True
        if not reads.joint or reads.measured is None:
            return False
        first = (0, 1), (0, 1)
        masks = raster.masked(reads.joint, first, None, reads.measured)
        return masks is not None

    def moved(self, move: Move) -> OpenedRaster:
        """Bring them to the target; what is empty they know alone."""
        reads = self.reads
        return move(self.raster, reads.kept, reads.prepare, reads.measured)

    def joined(self, others: Sequence['_Group'], move: Move) -> OpenedRaster:
        """Bring them to the target; they are empty where all are."""
        asked = [other.emptiness(self.place) for other in others]
        raster = JointlyEmptyRaster(self.raster, self.reads, asked)
        return move(raster, self.reads.kept, _as_read, None)

    def emptiness(self, grid: Grid) -> tuple[OpenedRaster, int]:
        """Get a raster, on the grid of others, and its band that tells."""
        reads = replace(self.reads, kept=self.reads.joint)
        band = reads.joint[0]
        here = ResampledRaster(
            *(self.raster, self.place, 'nearest', reads.prepare),
            measured=reads.measured,
            bands=reads.kept,
        )
        make = partial(ResampledRaster, here, grid, prepare=_as_read)
        finer = make('nearest').reduction
        # Of smaller pixels all that lie below have to be empty.
        method = 'average' if finer >= MUCH_FINER else 'nearest'
        return make(method, bands=(band,)), band


def _as_read(
    data: np.ndarray,
    nodata: Sequence[float | None],
    masked: np.ndarray | None,
) -> np.ndarray:
    """Leave numbers as they are: what is invalid is NaN already."""
    return data


def _on_one_grid(
    parts: Sequence[OpenedRaster],
) -> list[tuple[list[int], tuple[int, ...]]]:
    """Sort rasters by their grids.

    Returns:
        Which rasters share a grid, and the positions of their bands among
        all. One that does not say where it lies shares none with one that
        does.
    """
    groups: list[list[int]] = []
    for i in range(len(parts)):
        for group in groups:
            grids = {str(n): parts[n].grid for n in (*group, i)}
            placed = {grid.placed for grid in grids.values()}
            if len(placed) == 1 and not differences(grids):
                group.append(i)
                break
        else:
            groups.append([i])
    firsts = np.cumsum([0, *(part.bands for part in parts)]).tolist()
    return [
        (group, tuple(b for i in group for b in range(*firsts[i : i + 2])))
        for group in groups
    ]
