"""The grid of a scene, to which rasters of other grids are brought."""

import math
import os
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from rasterio.crs import CRS
from rasterio.transform import array_bounds
from rasterio.warp import transform_bounds

from multimodal_rs.datasets.band_grids import (
    MUCH_FINER,
    Reads,
    bring_together,
)
from multimodal_rs.datasets.io.grid import (
    Grid,
    differences,
    pixel_area,
    scaled,
    shared_grid,
)
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.datasets.io.resampled import (
    MEASURED,
    Prepare,
    ResampledRaster,
)
from multimodal_rs.datasets.io.stacked import StackedRaster
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import BandReader

UNREADABLE = ('stop', 'nodata')
DEGREE = 111_320.0  # metres, at the equator
LON_LAT = CRS.from_epsg(4326)
# Modality -> its raster, or one per band.
Parts = Mapping[str, Sequence[OpenedRaster]]


@dataclass(frozen=True)
class SceneGrid:
    """How the rasters of a scene are read, and on which grid.

    Rasters that lie on it are read as they are. Others are resampled while
    they are read; their invalid pixels count for nothing, and ground that
    they do not cover is invalid.

    Attributes:
        like: A modality of the scene, or any raster file, whose grid it is.
            None: the grid that all rasters share or, where they do not, the
            one with the smallest pixels; then a warning says so.
        resolution: Side of a pixel, in units of the reference system of that
            grid, whose corner and area are kept. None: its own.
        methods: Modality -> ``'bilinear'``, ``'average'`` or ``'nearest'``.
            Where nothing is said, a raster with a colour table, which holds
            classes, takes the nearest pixel, one whose pixels are half as
            wide as the grid's or narrower the average, others bilinear
            interpolation.
        unreadable: What happens where a file is damaged: ``'stop'`` ends with
            an error; for ``'nodata'`` these pixels are invalid, and a warning
            says in the end which they were.

    Raises:
        ValueError: If there is no such method, or the resolution is none.
    """

    like: str | os.PathLike | None = None
    resolution: float | None = None
    methods: Mapping[str, str] = field(default_factory=dict)
    unreadable: str = 'stop'

    def __post_init__(self) -> None:
        if self.unreadable not in UNREADABLE:
            raise ValueError(
                f'unreadable must be one of {UNREADABLE}, got '
                f'{self.unreadable!r}'
            )
        for name, method in self.methods.items():
            if method not in MEASURED:
                raise ValueError(
                    f'resampling of {name}: expected one of {MEASURED}, got '
                    f'{method!r}'
                )
        if self.resolution is not None and not self.resolution > 0:
            raise ValueError(
                'resolution must be the side of a pixel in map units, got '
                f'{self.resolution}'
            )

    @property
    def chosen(self) -> bool:
        """Whether somebody has said which grid it is."""
        return self.like is not None or self.resolution is not None

    def method(self, name: str, raster: OpenedRaster, finer: float) -> str:
        """Choose how a raster is resampled.

        Args:
            name: Its modality.
            raster: It.
            finer: Its pixels on the side of one of the grid.
        """
        if name in self.methods:
            return self.methods[name]
        if raster.categorical:
            return 'nearest'
        return 'average' if finer >= MUCH_FINER else 'bilinear'


FINEST = SceneGrid()  # nobody has said anything


def reference_grid(
    parts: Parts, choice: SceneGrid, declared: Collection[str]
) -> Grid:
    """Find the grid of a scene.

    Args:
        parts: Its rasters; it may lack some of the modalities.
        choice: Which grid, and how rasters are brought to it.
        declared: All modalities.

    Raises:
        KeyError: If the grid of a modality is chosen that is not there, or a
            way of resampling for one that nobody has declared.
        FileNotFoundError: If it names a file that does not exist.
        ValueError: If no raster says where it lies, and they differ.
    """
    unknown = sorted({*choice.methods} - {*declared})
    if unknown:
        raise KeyError(
            f'resampling is said for {unknown}, expected some of '
            f'{list(declared)}: correct --resampling'
        )
    grids = _grids(parts)
    if not choice.chosen and not differences(grids):
        return shared_grid(grids)
    base = _base(grids, parts, choice)
    # What others on this grid say of it, for instance their CRS.
    alike = {
        n: g for n, g in grids.items() if not differences({n: g, '': base})
    }
    base = shared_grid({'': base, **alike})
    if choice.resolution is None:
        return base
    if not base.placed:
        raise ValueError(
            'scene: a resolution is asked for, but no raster says where it '
            'lies: give one with a georeference (GeoTIFF, world file)'
        )
    return scaled(base, choice.resolution)


def on_grid(
    name: str,
    parts: Sequence[OpenedRaster],
    modality: Modality,
    grid: Grid,
    choice: SceneGrid,
) -> BandReader:
    """Read a modality on the grid of its scene.

    Args:
        name: Of the modality.
        parts: Its raster, or one per band; closed with the file of the
            reader.
        modality: The declaration.
        grid: The grid.
        choice: How to resample.

    Raises:
        ValueError: If a raster lacks a band, does not overlap the grid, or
            does not say where it lies.
    """
    several = len(parts) > 1
    whole = StackedRaster(parts) if several else parts[0]
    reader = BandReader(whole, modality)  # or it refuses
    if not differences({'scene': grid, **_grids({name: parts})}):
        return reader
    trusted = whole.is_array or modality.nodata is not None
    bands = tuple(dict.fromkeys(reader.bands))
    measured = modality.measured if trusted else None
    raster = bring_together(
        parts,
        Reads(modality, joint=bands, kept=bands, measured=measured),
        grid,
        partial(_resampled, name, grid, choice),
    )
    # What was empty is NaN now; a number may well result from others.
    return BandReader(raster, replace(modality, nodata=None))


def _resampled(
    name: str,
    grid: Grid,
    choice: SceneGrid,
    part: OpenedRaster,
    bands: Sequence[int],
    prepare: Prepare,
    measured: Collection[int] | None,
) -> ResampledRaster:
    _check_systems(name, part, grid)
    make = partial(
        ResampledRaster,
        *(part, grid),
        prepare=prepare,
        measured=measured,
        bands=bands,
    )
    with raster_session():
        finer = make(method='nearest').reduction
        raster = make(method=choice.method(name, part, finer))
        if not raster.overlaps:
            raise ValueError(
                f'scene: {part.path} ({name}) does not overlap the grid of '
                f'the scene: {bounds_of_both(part.grid, grid)}. Take a '
                'raster of the same place, leave it out, or correct its '
                'georeference'
            )
    return raster


def say_what_is_assumed(parts: Parts, grid: Grid, choice: SceneGrid) -> None:
    """Warn of what nobody has said about the places of rasters.

    That is that a file without a position lies where the others do (arrays
    never have one: whoever gives them knows where they belong), or one
    without a reference system in theirs, and which grid is taken where the
    rasters have different ones.
    """
    grids = _grids(parts)
    paths = {label: p.path for label, p in _labelled(parts).items()}
    arrays = {
        label for label, part in _labelled(parts).items() if part.is_array
    }
    for label, own in grids.items():
        if grid.placed and not own.placed and label not in arrays:
            warnings.warn(
                f'{paths[label]} ({label}) does not say where it lies: it has '
                'the size of the grid of the scene and is taken to lie on it',
                stacklevel=2,
            )
        elif grid.crs is not None and own.placed and own.crs is None:
            known = (n for n, g in grids.items() if g.crs is not None)
            whose = next(known, 'the grid that was chosen')
            warnings.warn(
                f'{paths[label]} ({label}) has no coordinate reference '
                f'system: it is taken to be in that of {whose}, '
                f'{_system(grid)}',
                stacklevel=2,
            )
    moved = [n for n, g in grids.items() if differences({'': grid, n: g})]
    if moved and not choice.chosen:
        kept = [n for n in grids if n not in moved]
        warnings.warn(
            f'the rasters lie on different grids: {", ".join(moved)} '
            f'{"are" if len(moved) > 1 else "is"} resampled to that of '
            f'{", ".join(kept)}, which has the smallest pixels '
            f'({_words(grid)}): name another one with `like` (--like)',
            stacklevel=2,
        )


def _labelled(parts: Parts) -> dict[str, OpenedRaster]:
    """Name every raster: by its modality, and its file if there are more."""
    found: dict[str, OpenedRaster] = {}
    for name, rasters in parts.items():
        if len(rasters) == 1:
            found[name] = rasters[0]
            continue
        files = [os.path.basename(raster.path) for raster in rasters]
        if len({*files}) < len(files):  # bands in folders of their own
            files = [raster.path for raster in rasters]
        found |= {
            f'{name} ({file})': raster
            for file, raster in zip(files, rasters, strict=True)
        }
    return found


def _grids(parts: Parts) -> dict[str, Grid]:
    return {n: raster.grid for n, raster in _labelled(parts).items()}


def _base(grids: Mapping[str, Grid], parts: Parts, choice: SceneGrid) -> Grid:
    """Take the grid that is named, or else the finest."""
    like = choice.like
    if like is None:
        known = [grid for grid in grids.values() if grid.placed]
        if not known and not differences(grids):
            return shared_grid(grids)
        if not known:
            raise ValueError(
                f'scene: {" and ".join(grids)} must share one grid, got '
                f'{"; ".join(differences(grids))}; none of them says where it '
                'lies, so that they cannot be resampled: give rasters with a '
                'georeference (GeoTIFF, world file), or of one size'
            )
        return min(known, key=_ground_area)
    if like in parts:
        return min((p.grid for p in parts[like]), key=_ground_area)
    path = os.fspath(like)
    if os.sep not in path and '.' not in path:
        raise KeyError(
            f'scene: the grid of {path!r} is asked for, expected one of the '
            f'modalities that have a raster, {list(parts)}, or a raster file'
        )
    with open_raster(path, of_scene=True) as file:
        return file.grid


def _check_systems(name: str, part: OpenedRaster, grid: Grid) -> None:
    """Refuse to guess the reference system of a raster that is elsewhere."""
    own = part.grid
    if not own.placed or (own.crs is None) == (grid.crs is None):
        return
    raise ValueError(
        f'scene: {part.path} ({name}) lies in {_system(own)}, the grid of the '
        f'scene in {_system(grid)}: where one lies on the other cannot be '
        'known. Write the coordinate reference system into the file that has '
        'none: `rio edit-info --crs EPSG:... FILE`'
    )


def _system(grid: Grid) -> str:
    if grid.crs is None:
        return 'no known reference system'
    code = grid.crs.to_epsg()
    return grid.crs.to_wkt()[:60] if code is None else f'EPSG:{code}'


def _words(grid: Grid) -> str:
    t = grid.transform
    size = math.hypot(t.a, t.d), math.hypot(t.b, t.e)
    return f'{size[0]:g} x {size[1]:g}, {_system(grid)}, (H, W) {grid.size}'


def bounds_of_both(own: Grid, grid: Grid) -> str:
    """Write both bounds in one system, degrees where they have two."""
    both = {True: _bounds(own), False: _bounds(grid)}
    unit = _system(grid)
    if own.crs != grid.crs:
        unit = 'degrees of longitude and latitude'
        both = {
            ours: transform_bounds(g.crs, LON_LAT, *both[ours])
            for ours, g in ((True, own), (False, grid))
        }
    texts = [
        f'{west:.8g} to {east:.8g} and {south:.8g} to {north:.8g}'
        for west, south, east, north in both.values()
    ]
    return f'it covers {texts[0]}, the grid {texts[1]} ({unit})'


def _bounds(grid: Grid) -> tuple[float, float, float, float]:
    """West, south, east and north, whichever way up the raster is."""
    ends = array_bounds(*grid.size, grid.transform)
    (west, east), (south, north) = sorted(ends[::2]), sorted(ends[1::2])
    return west, south, east, north


def _ground_area(grid: Grid) -> float:
    """Area of a pixel in square metres, as far as the system tells."""
    area = pixel_area(grid)
    if grid.crs is None:
        return area
    if not grid.crs.is_geographic:
        return area * grid.crs.units_factor[1] ** 2
    height, width = grid.size
    t = grid.transform
    latitude = t.f + t.d * width / 2 + t.e * height / 2
    return area * DEGREE**2 * math.cos(math.radians(latitude))
