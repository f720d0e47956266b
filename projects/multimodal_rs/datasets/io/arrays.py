"""Arrays in ``.npy`` and ``.mat`` files, opened as rasters."""

import math
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import Nodata, OpenedRaster, Window
from multimodal_rs.utils.damage import check_claim, damaged, reading

EXPECTED = 'a complete .npy or .mat array: copy or download the file again'
MATLAB = 8 * 1032  # deflate, and doubles that are stored as bytes
NUMBERS = 'biufc'  # kinds of types
# What MATLAB calls types of numbers, and the bytes of one.
CLASSES = dict(double=8, single=4, logical=1) | {
    f'{sign}int{8 * size}': size for sign in ('', 'u') for size in (1, 2, 4, 8)
}


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
        height, width = (
            len(range(*s.indices(n)))
            for s, n in zip(window, self.shape, strict=False)
        )
        claimed = height * width * self.shape[2] * self.dtype.itemsize
        check_claim(self.path, claimed, EXPECTED)
        with (
            reading(self.path, EXPECTED),
            _import_h5py(self.path).File(self.path) as file,
        ):
            block = file[self.name][..., columns, rows].T
        return block.reshape(*block.shape[:2], -1)


class OpenedArray(OpenedRaster):
    """An array as a raster: it declares neither nodata nor a position.

    Args:
        array (np.ndarray | LazyMatrix): (H, W, C); a masked array says which
            pixels are empty.
        path (str): What messages shall call it.
        file (str, optional): Its file.

    Raises:
        ValueError: If it is empty, or holds no numbers.
    """

    def __init__(
        self,
        array: np.ndarray | LazyMatrix,
        path: str,
        file: str | None = None,
    ) -> None:
        if array.dtype.kind not in NUMBERS or 0 in array.shape:
            raise ValueError(
                f'{path} has (H, W, C) {array.shape} of {array.dtype}: '
                'expected numbers, and at least one pixel and band'
            )
        self.path = path
        self.size = array.shape[:2]
        self.bands = array.shape[2]
        self._array = array
        self._file = file
        self._dtype = _of_rasters(array.dtype)

    @property
    def grid(self) -> Grid:
        """Its size; arrays say nothing about where they lie."""
        return Grid(self.size)

    @property
    def file_names(self) -> Sequence[str]:
        """Its file, if it has one."""
        return () if self._file is None else (self._file,)

    @property
    def is_array(self) -> bool:
        """Whether it is an array: yes."""
        return True

    @property
    def dtypes(self) -> Sequence[str]:
        """The type of the array, once per band."""
        return (self._dtype.name,) * self.bands

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
            bands, window, out_shape, 'bool'
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
        return np.ascontiguousarray(
            block.transpose(2, 0, 1), dtype or self._dtype
        )


def _of_rasters(dtype: np.dtype) -> np.dtype:
    """Get the type that raster files have for numbers of another one."""
    other = {'float16': np.float32, 'bool': np.uint8}
    return np.dtype(other.get(dtype.name, dtype)).newbyteorder('=')


def variable_of(path: str) -> tuple[str, str | None]:
    """Tell file and variable of ``FILE.mat:VARIABLE``.

    Returns:
        The path of the file, and the variable; None: it names none.
    """
    file, _, variable = path.rpartition(':')
    if not file.lower().endswith('.mat') or os.path.exists(path):
        return path, None
    return file, variable or None


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
    if Path(path).suffix.lower() == '.npy':
        with reading(path, EXPECTED):
            # Not `np.load`, which takes zip archives too.
            array = np.lib.format.open_memmap(path, mode='r')
    else:
        array = _open_mat(path, key)
    if array.dtype.kind not in NUMBERS:
        found = f'it holds {array.dtype}, no numbers'
        raise damaged(path, found, EXPECTED)
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
    if not _is_hdf5(path):
        return list(_variables_of_old_mat(path))
    h5py = _import_h5py(path)
    with reading(path, EXPECTED), h5py.File(path) as file:
        return _variables(file, path)


def _open_mat(path: str, key: str | None) -> np.ndarray | LazyMatrix:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if _is_hdf5(path):
        return _open_hdf5_mat(path, key)
    variables = _variables_of_old_mat(path)
    name = _pick(list(variables), key, path)
    shape, kind = variables[name]
    if kind == 'sparse':
        raise ValueError(
            f'{path}: the variable {name!r} is a sparse matrix, expected a '
            'full one: save `full(...)` of it'
        )
    if kind not in CLASSES:
        found = f'the variable {name!r} is of type {kind}, no numbers'
        raise damaged(path, found, EXPECTED)
    claimed = math.prod(shape) * CLASSES[kind]
    check_claim(path, claimed, EXPECTED, MATLAB)
    with reading(path, EXPECTED, (MatReadError,)):
        return np.asarray(loadmat(path, variable_names=[name])[name])


def _variables_of_old_mat(path: str) -> dict[str, tuple[tuple, str]]:
    """List the variables of a file before MATLAB 7.3: shape and type."""
    from scipy.io import whosmat
    from scipy.io.matlab import MatReadError

    with reading(path, EXPECTED, (MatReadError,)):
        return {name: (shape, kind) for name, shape, kind in whosmat(path)}


def _is_hdf5(path: str) -> bool:
    """Tell MATLAB 7.3 files, which are HDF5 behind a 512-byte header."""
    with open(path, 'rb') as file:
        start = file.read(520)
    signature = b'\x89HDF\r\n\x1a\n'
    return signature in (start[:8], start[512:])


def _open_hdf5_mat(path: str, key: str | None) -> LazyMatrix:
    h5py = _import_h5py(path)
    with reading(path, EXPECTED), h5py.File(path) as file:
        names = _variables(file, path)
    name = _pick(names, key, path)
    with reading(path, EXPECTED), h5py.File(path) as file:
        _refuse_other_files(file[name], path)
        return LazyMatrix(path, name, file[name].shape, file[name].dtype)


def _refuse_other_files(variable: Any, path: str) -> None:
    """Refuse a dataset whose numbers lie in other files."""
    if variable.external or variable.is_virtual:
        found = f'the variable {variable.name!r} lies in other files'
        raise damaged(path, found, EXPECTED)


def _import_h5py(path: str) -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f'{path} is a MATLAB 7.3 file: `pip install h5py` to read it'
        ) from error
    return h5py


def _variables(file: Mapping, path: str) -> list[str]:
    """Name the arrays; `#refs#` and the like are MATLAB's own."""
    from h5py import HardLink

    names = [name for name in file if not name.startswith('#')]
    links = {n: type(file.get(n, getlink=True)) for n in names}
    away = [n for n, link in links.items() if link is not HardLink]
    if away:
        found = f'{away[:5]} are links, perhaps into other files'
        raise damaged(path, found, EXPECTED)
    return [name for name in names if hasattr(file[name], 'shape')]


def _pick(names: list[str], key: str | None, path: str) -> str:
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        found = 'and none is named' if key is None else f'not {key!r}'
        raise KeyError(
            f'{path} holds the variables {names}, {found}: name one of them '
            f"behind the file, '{path}:{[*names, 'NAME'][0]}', or set `key` "
            'of the modality'
        )
    return key
