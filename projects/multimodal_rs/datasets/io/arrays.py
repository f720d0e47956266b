"""Arrays in ``.npy`` and ``.mat`` files, opened as rasters."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import Nodata, OpenedRaster, Window

# What scipy raises for a file that ends early, besides ValueError.
DAMAGE = (IndexError, TypeError, KeyError, EOFError, zlib.error)


class LazyMatrix:
    """A variable of a MATLAB 7.3 file, of which only windows are read.

    Attributes:
        shape: (H, W, C).

    Args:
        path: The file.
        name: Name of the variable.
        shape: Its shape as HDF5 shows it, reversed: MATLAB is column-major.
        dtype: Its type.
    """

    def __init__(
        self, path: str, name: str, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.path = path
        self.name = name
        self.shape = shape[::-1] + (1,) * (len(shape) == 2)
        self.ndim = len(self.shape)
        self.dtype = dtype

    def __getitem__(self, window: tuple[slice, slice]) -> np.ndarray:
        """Read ``[rows, columns]`` as (H, W, C)."""
        rows, columns = window
        try:
            with _import_h5py(self.path).File(self.path) as file:
                block = file[self.name][..., columns, rows].T
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return block.reshape(*block.shape[:2], -1)


class OpenedArray(OpenedRaster):
    """An array as a raster: it declares neither nodata nor a position.

    Args:
        array (np.ndarray | LazyMatrix): (H, W, C); a masked array says which
            pixels are empty.
        path (str): Its file, or what messages shall call it.
    """

    def __init__(self, array: np.ndarray | LazyMatrix, path: str) -> None:
        self.path = path
        self.size = array.shape[:2]
        self.bands = array.shape[2]
        self._array = array

    @property
    def grid(self) -> Grid:
        """Its size; arrays say nothing about where they lie."""
        return Grid(self.size)

    @property
    def dtypes(self) -> Sequence[str]:
        """The type of the array, once per band."""
        return (self._array.dtype.name,) * self.bands

    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get None: there is no place where an array could declare it."""
        return None

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Get the mask of a masked array, (C, H, W); None of any other."""
        if np.ma.getmask(self._array) is np.ma.nomask:
            return None
        mask = np.ma.getmaskarray(self._array)
        return OpenedArray(mask, self.path)._read(
            bands, window, out_shape, None
        )

    def close(self) -> None:
        """Let go of the array."""
        self._array = None

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._array is None

    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        window = window or tuple((0, n) for n in self.size)
        steps = [1, 1]
        if out_shape is not None:
            pairs = zip(window, out_shape, strict=True)
            steps = [max((b - a) // n, 1) for (a, b), n in pairs]
        slices = tuple(
            slice(a, b, step)
            for (a, b), step in zip(window, steps, strict=True)
        )
        block = np.ma.getdata(self._array[slices][..., bands])
        if out_shape is not None:
            rows, columns = (
                np.arange(n) * m // n
                for n, m in zip(out_shape, block.shape, strict=False)
            )
            block = block[rows][:, columns]
        return np.ascontiguousarray(block.transpose(2, 0, 1), dtype)


def open_array(path: str, key: str | None = None) -> np.ndarray | LazyMatrix:
    """Open an array file as (H, W, C), memory mapped where possible.

    Args:
        path: A ``.npy`` file, or a ``.mat`` file of any MATLAB version
            (7.3 needs h5py).
        key: Variable in the ``.mat`` file; may be left out if it holds one.

    Returns:
        Something with a ``shape`` that gives an array for
        ``[rows, columns]``.

    Raises:
        KeyError: If the variable is not in the file.
        ValueError: If the array has not two or three axes, or the file is
            damaged.
    """
    try:
        if Path(path).suffix.lower() == '.npy':
            array = np.load(path, mmap_mode='r', allow_pickle=False)
        else:
            array = _open_mat(path, key)
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(path, error) from error
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise ValueError(
            f'{path} must hold an array (H, W) or (H, W, C), got shape '
            f'{array.shape}'
        )
    return array


def array_names(path: str) -> list[str]:
    """List the variables of a ``.mat`` file of any version, unread.

    Raises:
        ValueError: If the file is damaged.
    """
    try:
        if not _is_hdf5(path):
            return _names_of_old_mat(path)
        with _import_h5py(path).File(path) as file:
            return _variables(file)
    except (ValueError, EOFError, OSError) as error:
        raise _unreadable(path, error) from error


def _open_mat(path: str, key: str | None) -> np.ndarray | LazyMatrix:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if _is_hdf5(path):
        return _open_hdf5_mat(path, key)
    name = _pick(_names_of_old_mat(path), key, path)
    try:
        return loadmat(path, variable_names=[name])[name]
    except (MatReadError, *DAMAGE) as error:
        raise ValueError(str(error)) from error


def _names_of_old_mat(path: str) -> list[str]:
    """List the variables of a file before MATLAB 7.3.

    Raises:
        ValueError: If the file is damaged.
    """
    from scipy.io import whosmat
    from scipy.io.matlab import MatReadError

    try:
        return [name for name, _, _ in whosmat(path)]
    except (MatReadError, *DAMAGE) as error:
        raise ValueError(str(error)) from error


def _is_hdf5(path: str) -> bool:
    """Tell MATLAB 7.3 files, which are HDF5 behind a 512-byte header."""
    with open(path, 'rb') as file:
        start = file.read(520)
    signature = b'\x89HDF\r\n\x1a\n'
    return signature in (start[:8], start[512:])


def _open_hdf5_mat(path: str, key: str | None) -> LazyMatrix:
    with _import_h5py(path).File(path) as file:
        name = _pick(_variables(file), key, path)
        return LazyMatrix(path, name, file[name].shape, file[name].dtype)


def _import_h5py(path: str) -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f'{path} is a MATLAB 7.3 file: `pip install h5py` to read it'
        ) from error
    return h5py


def _variables(file: Mapping) -> list[str]:
    """Name the arrays; `#refs#` and the like are MATLAB's own."""
    return [
        name
        for name, entry in file.items()
        if hasattr(entry, 'shape') and not name.startswith('#')
    ]


def _pick(names: list[str], key: str | None, path: str) -> str:
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        raise KeyError(
            f'{path} holds the variables {names}, not {key!r}: set `key` of '
            'the modality to one of them'
        )
    return key


def _unreadable(path: str, error: Exception) -> ValueError:
    return ValueError(
        f'{path} cannot be read: {error}. Expected a complete .npy or .mat '
        'array: copy or download the file again'
    )
