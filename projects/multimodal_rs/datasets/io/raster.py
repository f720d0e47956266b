"""Read bands of a raster or array file, whatever its type and dtype."""

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from multimodal_rs.datasets.io.arrays import open_array
from multimodal_rs.utils.installation import prepare_command

# GDAL returns half an image when a PNG or JPEG is truncated: JPEG unless it is
# told not to, PNG unless it decodes by lines, which takes twice the time.
# Files beside a raster are looked for by name: GDAL otherwise lists the folder
# for every file it opens, four times the work among thousands of tiles.
# Not GTIFF_DIRECT_IO: a fifth faster, but truncated files end in zeros then.
OPTIONS = dict(
    GDAL_ERROR_ON_LIBJPEG_WARNING=True, GDAL_DISABLE_READDIR_ON_OPEN='TRUE'
)
PNG_END = b'IEND'
PNG_TAIL = 512  # bytes in which it is looked for: some files have more behind
ARRAYS = ('.npy', '.mat')


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
        nodata: The nodata value that the file declares for these bands, one
            per band where they differ; None without one.
    """

    data: np.ndarray
    nodata: float | tuple[float | None, ...] | None


def is_virtual(path: str) -> bool:
    """Whether ``path`` lives in GDAL's virtual file system or behind a URL."""
    return path.startswith('/vsi') or '://' in path


def raster_exists(path: str) -> bool:
    """Whether there is a file, also inside an archive or behind a URL."""
    if not is_virtual(path):
        return os.path.exists(path)
    with raster_session():
        return rasterio.shutil.exists(path)


def read_raster(
    path: str,
    bands: Sequence[int] | None = None,
    window: tuple[tuple[int, int], tuple[int, int]] | None = None,
    key: str | None = None,
    dtype: str | None = None,
    count: int | None = None,
) -> Raster:
    """Read some bands of a file and nothing else of it.

    ``.npy`` and ``.mat`` files hold one array, (H, W) or (H, W, C); anything
    else goes through rasterio: GeoTIFF, PNG, JPEG, ``/vsizip/...``,
    ``/vsicurl/...``. (Of a ``.mat`` file all bands of the window are read.)

    Args:
        path: File to read.
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
    if not is_virtual(path) and not os.path.exists(path):
        raise FileNotFoundError(
            f"{path} does not exist: check data_root and the modality's dir "
            f'and suffix; `{prepare_command()} --check` names what is missing'
        )
    if path.lower().endswith(ARRAYS):
        array = open_array(path, key)
        bands = _checked(bands, array.shape[2], count, path)
        rows, columns = window or ((0, array.shape[0]), (0, array.shape[1]))
        block = array[slice(*rows), slice(*columns)][..., bands]
        check_real([block.dtype.name], path)
        data = np.ascontiguousarray(block.transpose(2, 0, 1), dtype)
        return Raster(data, None)
    if path.lower().endswith('.png') and not is_virtual(path):
        _check_png_end(path)
    try:
        with raster_session(), _open(path) as file:
            bands = _checked(bands, file.count, count, path)
            check_real([file.dtypes[b] for b in bands], path)
            indexes = [b + 1 for b in bands]
            data = file.read(indexes, window=window, out_dtype=dtype)
            return Raster(data, declared_nodata(file, bands))
    except RasterioError as error:
        raise _unreadable(path, _first_cause(error)) from error


def band_count(path: str, key: str | None = None) -> int:
    """Count the bands of a file without reading its pixels."""
    if path.lower().endswith(ARRAYS):
        return open_array(path, key).shape[2]
    with raster_session(), _open(path) as file:
        return file.count


def declared_nodata(
    file: DatasetReader, bands: Sequence[int]
) -> float | tuple[float | None, ...] | None:
    """Return the nodata value that some bands (0-based) declare.

    One per band where they differ.
    """
    values = tuple(file.nodatavals[b] for b in bands)
    return values[0] if len(set(map(str, values))) == 1 else values


def check_real(dtypes: Sequence[str], path: str) -> None:
    """Refuse complex numbers, whose real part alone means nothing.

    Raises:
        ValueError: If there are any.
    """
    if any(d.startswith('complex') for d in dtypes):
        raise ValueError(
            f'{path} holds complex numbers ({", ".join(sorted(set(dtypes)))}):'
            ' expected real ones: convert single-look complex data to '
            'intensity or dB'
        )


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
            f'{path} was not written to its end ({_first_cause(error)}): is '
            'the disk full?'
        ) from error


def _open(path: str) -> DatasetReader:
    """Open for reading inside a session.

    ``rasterio.open`` enters another environment, with credentials for remote
    files, at each call: a third of the time that opening takes.
    """
    return rasterio.open(path) if is_virtual(path) else DatasetReader(path)


def _checked(
    bands: Sequence[int] | None, count: int, wanted: int | None, path: str
) -> Sequence[int]:
    if wanted not in (None, count):
        raise ValueError(
            f'{path} has {count} bands, expected {wanted}: as many as '
            '`file_bands` of the modality has names; a label has one, with '
            'class ids, not colours'
        )
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
        file.seek(max(file.tell() - PNG_TAIL, 0))
        if PNG_END not in file.read():
            raise _unreadable(path, 'the end of the PNG is missing')


def _unreadable(path: str, cause: str) -> ValueError:
    return ValueError(
        f'{path} cannot be read: {cause}. Expected a complete raster that '
        'GDAL knows; the file is probably truncated: copy or download it '
        f'again, or take it out of the split list (`{prepare_command()} '
        '--check` lists all such files)'
    )


def _first_cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip() or type(error).__name__
