"""Open ``.npy`` and ``.mat`` arrays as (H, W, C)."""

from pathlib import Path

import numpy as np


def open_array(path: str, key: str | None = None) -> np.ndarray:
    """Open an array file as (H, W, C), memory mapped where possible.

    Args:
        path: A ``.npy`` file, or a ``.mat`` file of any MATLAB version
            (7.3 needs h5py).
        key: Variable in the ``.mat`` file; may be left out if it holds one.

    Raises:
        KeyError: If the variable is not in the file.
        ValueError: If the array has not two or three axes, or the file is
            damaged.
    """
    try:
        if Path(path).suffix == '.npy':
            array = np.load(path, mmap_mode='r', allow_pickle=False)
        else:
            array = _open_mat(path, key)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f'{path} cannot be read: {error}. Expected a complete '
            '.npy or .mat array: copy or download the file again'
        ) from error
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise ValueError(
            f'{path} must hold an array (H, W) or (H, W, C), got shape '
            f'{array.shape}'
        )
    return array


def _open_mat(path: str, key: str | None) -> np.ndarray:
    from scipy.io import loadmat

    if _is_hdf5(path):
        return _open_hdf5_mat(path, key)
    variables = loadmat(path)
    names = [n for n in variables if not n.startswith('__')]
    return variables[_pick(names, key, path)]


def _is_hdf5(path: str) -> bool:
    """Tell MATLAB 7.3 files, which are HDF5 behind a 512-byte header."""
    with open(path, 'rb') as file:
        start = file.read(520)
    signature = b'\x89HDF\r\n\x1a\n'
    return signature in (start[:8], start[512:])


def _open_hdf5_mat(path: str, key: str | None) -> np.ndarray:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            f'{path} is a MATLAB 7.3 file: `pip install h5py` to read it'
        ) from error
    with h5py.File(path) as file:
        names = [n for n in file if n != '#refs#']
        # MATLAB writes column-major, so HDF5 shows the axes reversed.
        return np.asarray(file[_pick(names, key, path)]).T


def _pick(names: list[str], key: str | None, path: str) -> str:
    if key is None and len(names) == 1:
        return names[0]
    if key not in names:
        raise KeyError(
            f'{path} holds the variables {names}, not {key!r}: set `key` of '
            'the modality to one of them'
        )
    return key
