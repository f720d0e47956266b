"""Read bands of a raster or array file, whatever its type and dtype."""

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from multimodal_rs.datasets.io.arrays import open_array

# GDAL returns half an image when a PNG or JPEG is truncated: JPEG unless it is
# told not to, PNG unless it decodes by lines, which takes twice the time.
# Files beside a raster are looked for by name: GDAL otherwise lists the folder
# for every file it opens, four times the work among thousands of tiles.
# Not GTIFF_DIRECT_IO: a fifth faster, but truncated files end in zeros then.
OPTIONS = dict(
    GDAL_ERROR_ON_LIBJPEG_WARNING=True, GDAL_DISABLE_READDIR_ON_OPEN='TRUE'
)
PNG_END = b'IEND'


_thread = threading.local()


@contextlib.contextmanager
def raster_session() -> Iterator[None]:
    """Share one GDAL environment between the reads of a block.

    rasterio otherwise sets one up and tears it down around every file, which
    takes a good part of the time that a small tile needs. Sessions nest.
    """
    if getattr(_thread, 'session', False):
        yield
        return
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
        nodata: The nodata value that the file declares, else None.
    """

    data: np.ndarray
    nodata: float | None


def is_virtual(path: str) -> bool:
    """Whether ``path`` lives in GDAL's virtual file system or behind a URL."""
    return path.startswith('/vsi') or '://' in path


def read_raster(
    path: str,
    bands: Sequence[int] | None = None,
    window: tuple[tuple[int, int], tuple[int, int]] | None = None,
    key: str | None = None,
    dtype: str | None = None,
) -> Raster:
    """Read some bands of a file and nothing else of it.

    ``.npy`` and ``.mat`` files hold one array, (H, W) or (H, W, C); anything
    else goes through rasterio: GeoTIFF, PNG, JPEG, ``/vsizip/...``,
    ``/vsicurl/...``.

    Args:
        path: File to read.
        bands: 0-based indices of the bands, in the order wanted. None reads
            all.
        window: ((row start, row stop), (column start, column stop)) in
            pixels, half open. None reads the whole grid.
        key: Name of the variable in a ``.mat`` file.
        dtype: Type to convert to while reading. None keeps the file's.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it cannot be read to the end or lacks a band.
    """
    if not is_virtual(path) and not os.path.exists(path):
        raise FileNotFoundError(
            f"{path} does not exist: check data_root and the modality's dir "
            'and suffix, or run the data_prep script with --check'
        )
    if path.endswith(('.npy', '.mat')):
        array = open_array(path, key)
        bands = _checked(bands, array.shape[2], path)
        rows, columns = window or ((0, array.shape[0]), (0, array.shape[1]))
        block = array[slice(*rows), slice(*columns)][..., bands]
        data = np.ascontiguousarray(block.transpose(2, 0, 1), dtype)
        return Raster(data, None)
    if path.endswith('.png') and not is_virtual(path):
        _check_png_end(path)
    try:
        with raster_session(), _open(path) as file:
            bands = _checked(bands, file.count, path)
            indexes = [b + 1 for b in bands]
            data = file.read(indexes, window=window, out_dtype=dtype)
            return Raster(data, file.nodata)
    except RasterioError as error:
        raise _unreadable(path, _first_cause(error)) from error


def band_count(path: str, key: str | None = None) -> int:
    """Count the bands of a file without reading its pixels."""
    if path.endswith(('.npy', '.mat')):
        return open_array(path, key).shape[2]
    with raster_session(), _open(path) as file:
        return file.count


def _open(path: str) -> DatasetReader:
    """Open for reading inside a session.

    ``rasterio.open`` enters another environment, with credentials for remote
    files, at each call: a third of the time that opening takes.
    """
    return rasterio.open(path) if is_virtual(path) else DatasetReader(path)


def _checked(
    bands: Sequence[int] | None, count: int, path: str
) -> Sequence[int]:
    if bands is None:
        return range(count)
    missing = [b for b in bands if not 0 <= b < count]
    if missing:
        raise ValueError(
            f'{path} has {count} bands (0 to {count - 1}), but bands '
            f'{missing} were asked for: correct `bands` (0-based) or '
            '`file_bands` of the modality'
        )
    return bands


def _check_png_end(path: str) -> None:
    with open(path, 'rb') as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(file.tell() - 12, 0))
        if PNG_END not in file.read():
            raise _unreadable(path, 'the end of the PNG is missing')


def _unreadable(path: str, cause: str) -> ValueError:
    return ValueError(
        f'{path} cannot be read: {cause}. Expected a complete raster that '
        'GDAL knows; the file is probably truncated: copy or download it '
        'again, or take it out of the split list (data_prep --check lists all '
        'such files)'
    )


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip() or type(error).__name__
