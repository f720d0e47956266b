"""Bands of a raster or array file, read from a tile or a whole scene."""

import contextlib
import functools
import os
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from multimodal_rs.datasets.io.advice import (
    OPENING,
    READING,
    expected,
    where_tiles_are,
)
from multimodal_rs.datasets.io.arrays import (
    OpenedArray,
    open_array,
    variable_of,
)
from multimodal_rs.datasets.io.contents import check_contents
from multimodal_rs.datasets.io.drivers import allowed_drivers, file_of_part
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.masks import FileMasks
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Scaling,
    Window,
)
from multimodal_rs.datasets.io.pages import several_rasters
from multimodal_rs.datasets.io.sizes import check_pixels
from multimodal_rs.utils.damage import (
    check_claim,
    damaged,
    first_cause,
    reading,
)

# GDAL returns half an image when a PNG or JPEG is truncated: JPEG unless it is
# told not to, PNG unless it decodes by lines, which takes twice the time.
# Files beside a raster are looked for by name: GDAL otherwise lists the folder
# for every file it opens, four times the work among thousands of tiles.
# Not GTIFF_DIRECT_IO: a fifth faster, but truncated files end in zeros then.
OPTIONS = dict(
    GDAL_ERROR_ON_LIBJPEG_WARNING=True, GDAL_DISABLE_READDIR_ON_OPEN='TRUE'
)
ARRAYS = ('.npy', '.mat')
_FILE = (
    'a file, such as one in it. An array of a Zarr store: `rio convert '
    '\'ZARR:"FOLDER":/ARRAY\' NEW.tif`'
)


_thread = threading.local()


def raster_session() -> contextlib.AbstractContextManager[None]:
    """Share one GDAL environment between the reads of a block.

    rasterio otherwise sets one up and tears it down around every file, which
    takes a good part of the time that a small tile needs. Sessions nest.
    """
    return NESTED if getattr(_thread, 'session', False) else _new_session()


NESTED = contextlib.nullcontext()


@contextlib.contextmanager
def _new_session() -> Iterator[None]:
    with warnings.catch_warnings(), rasterio.Env(**OPTIONS):
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        _thread.session = True
        try:
            yield
        finally:
            _thread.session = False


class Raster(NamedTuple):
    """Bands of one file.

    Attributes:
        data: (C, H, W), bands in the order asked for.
        nodata: The nodata value that the file declares for these bands, one
            per band where they differ; None without one.
    """

    data: np.ndarray
    nodata: Nodata


class OpenedFile(OpenedRaster):
    """A raster that GDAL reads.

    Args:
        path (str): Its file, a part of one (``NETCDF:a.nc:band``), or a name
            in GDAL's virtual file system.
        of_scene (bool): Whether it belongs to a scene that is mapped, not to
            a tile of a dataset; messages then advise something else.

    Attributes:
        pages: Names of the rasters in it, if there are several; it is then
            the first of them.

    Raises:
        ValueError: If GDAL cannot open it.
    """

    def __init__(self, path: str, of_scene: bool = False) -> None:
        self.path = path
        wanted = expected(OPENING if of_scene else None)
        self._expected = expected(READING if of_scene else None)
        whole = file_of_part(path) or path
        if not is_virtual(path):
            if os.path.isdir(whole):
                raise damaged(path, 'it is a folder', _FILE)
            self.missing = check_contents(whole, wanted)
        drivers = allowed_drivers(path)
        with reading(path, wanted), raster_session():
            # `rasterio.open` enters another environment, with credentials
            # for remote files, at each call: a third of the time.
            self._file = (
                rasterio.open(path)
                if is_virtual(path)
                else DatasetReader(path, driver=drivers)
            )
        if self._file.driver not in drivers:  # of a name that is virtual
            raise damaged(path, f'it is of type {self._file.driver}', wanted)
        if not is_virtual(path):
            check_pixels(path, self._file, wanted)
        self.pages = self._file.subdatasets
        if self.missing and self._file.nodata is None:
            self._file.close()
            raise damaged(path, self.missing, wanted)
        self.bands = self._file.count
        self.size = self._file.shape

    @property
    def grid(self) -> Grid:
        """Size and position."""
        with raster_session():
            return Grid(self.size, self._file.crs, self._file.transform)

    @property
    def file_names(self) -> Sequence[str]:
        """Its file and those that GDAL reads with it."""
        return self._file.files

    @property
    def has_control_points(self) -> bool:
        """Whether points or RPCs place it, not a grid."""
        file = self._file
        return file.crs is None and bool(file.gcps[0] or file.rpcs)

    @property
    def categorical(self) -> bool:
        """Whether it has a colour table."""
        return ColorInterp.palette in self._file.colorinterp

    @property
    def alpha(self) -> int | None:
        """Where the alpha band (0-based) is; None: there is none."""
        return self._masks.alpha

    @functools.cached_property
    def _masks(self) -> FileMasks:
        return FileMasks(self._file)

    @property
    def dtypes(self) -> Sequence[str]:
        """Name of the type of each band."""
        return self._file.dtypes

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get the nodata value that some bands (0-based) declare."""
        values = self._file.nodatavals
        values = tuple(values[b] for b in bands)
        return values[0] if len(set(map(str, values))) == 1 else values

    @property
    def names(self) -> Sequence[str | None]:
        """What the file calls its bands; None where it says nothing."""
        return self._file.descriptions

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get the scale and offset that some bands (0-based) declare."""
        scales, offsets = self._file.scales, self._file.offsets
        if set(scales) == {1.0} and set(offsets) == {0.0}:
            return None
        found = Scaling(
            tuple(scales[b] for b in bands), tuple(offsets[b] for b in bands)
        )
        none = set(found.scales) == {1.0} and set(found.offsets) == {0.0}
        return None if none else found

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels a mask or an alpha band calls empty.

        As :class:`FileMasks` tells it.
        """
        place = (bands, window, out_shape, measured)
        return self._decoded(lambda: self._masks.read(*place))

    def _shape(
        self, window: Window | None, out_shape: tuple[int, int] | None
    ) -> tuple[int, int]:
        window = window or tuple((0, n) for n in self.size)
        return out_shape or tuple(stop - start for start, stop in window)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._file.closed

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        indexes = [b + 1 for b in bands]
        height, width = out_shape or self._shape(window, None)
        size = np.dtype(self.dtypes[0]).itemsize
        claimed = len(indexes) * height * width * size
        check_claim(self.path, claimed, self._expected)
        if out_shape is not None:
            out_shape = (len(indexes), *out_shape)
        place = dict(window=window, out_shape=out_shape)
        return self._decoded(
            lambda: self._file.read(indexes, out_dtype=dtype, **place)
        )

    def _decoded(self, read: Callable[[], np.ndarray]) -> np.ndarray:
        """Read pixels; say which file it was if that fails."""
        with reading(self.path, self._expected), raster_session():
            return read()


def is_virtual(path: str) -> bool:
    """Whether ``path`` lives in GDAL's virtual file system or behind a URL."""
    path = file_of_part(path) or path
    return path.startswith('/vsi') or '://' in path


def raster_exists(path: str) -> bool:
    """Whether there is a file, also inside an archive or behind a URL."""
    if not is_virtual(path):
        file, _ = variable_of(file_of_part(path) or path)
        return os.path.exists(file)
    with raster_session():
        return rasterio.shutil.exists(path)


def open_raster(
    path: str, key: str | None = None, of_scene: bool = False
) -> OpenedRaster:
    """Open a file of any kind for reading.

    ``.npy`` and ``.mat`` files hold one array, (H, W) or (H, W, C), and
    ``FILE.mat:VARIABLE`` is one of several; anything else goes through
    rasterio: GeoTIFF, PNG, JPEG, ``/vsizip/...``, ``/vsicurl/...``,
    ``NETCDF:a.nc:band``. (Of a ``.mat`` file before MATLAB 7.3 everything is
    read, of the others what is asked for.)

    Args:
        path: File to open.
        key: Name of the variable in a ``.mat`` file, if the path has none.
        of_scene: Whether it belongs to a scene that is mapped, not to a tile
            of a dataset; messages then advise something else.

    Raises:
        FileNotFoundError: If the file does not exist.
        KeyError: If it has no such variable.
        ValueError: If it is damaged, no raster, or several.
    """
    if not is_virtual(path) and not raster_exists(path):
        advice = '' if of_scene else f'; {where_tiles_are()}'
        raise FileNotFoundError(
            f'{path} does not exist (relative paths start at {os.getcwd()}): '
            f'correct the path{advice}'
        )
    file, variable = variable_of(path)
    if file.lower().endswith(ARRAYS):
        return OpenedArray(open_array(file, variable or key), path, file)
    file = OpenedFile(path, of_scene)
    if file.pages:
        file.close()
        raise several_rasters(path, file.pages)
    return file


def read_raster(
    path: str,
    bands: Sequence[int] | None = None,
    window: Window | None = None,
    key: str | None = None,
    dtype: str | None = None,
    count: int | None = None,
) -> Raster:
    """Read some bands of a file at once and close it.

    Args:
        path: File to read, see :func:`open_raster`.
        bands: 0-based indices of the bands, in the order wanted. None reads
            all.
        window: ((row start, row stop), (column start, column stop)) in
            pixels, half open. None reads the whole grid.
        key: Name of the variable in a ``.mat`` file.
        dtype: Type to convert to while reading. None keeps the file's.
        count: Number of bands that the file must have. None: any.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it cannot be read to the end, has another number of
            bands, or complex ones.
    """
    with raster_session(), open_raster(path, key) as file:
        bands = file.checked(bands, count)
        data = file._read(bands, window, None, dtype)  # they are checked
        return Raster(data, file.nodata(bands))


def check_written(path: str | os.PathLike) -> None:
    """Read the last pixel of each band of a raster that was just closed.

    GDAL does not say when a full disk takes the end of a file, which it
    writes when the file is closed.

    Raises:
        OSError: If the file is not complete.
    """
    try:
        with rasterio.open(path) as file:
            rows = (file.height - 1, file.height)
            columns = (file.width - 1, file.width)
            file.read(window=(rows, columns))
    except RasterioError as error:
        raise OSError(
            f'{path} was not written to its end ({first_cause(error)}): is '
            'the disk full?'
        ) from error
