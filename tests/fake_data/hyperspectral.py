"""Hyperspectral scenes in the forms in which they are distributed."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.io import savemat

from fake_data.files import write_matlab, write_tif
from multimodal_rs.data_prep.sparse_splits import BLOCK
from multimodal_rs.datasets.houston2013 import Houston2013Dataset

SIDE = 124  # 124 x 124 pixels hold the 15029 labels of Houston2013
CONTEST = '2013_IEEE_GRSS_DF_Contest'


def label_rasters(
    counts: Mapping[str, Sequence[int]], size: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Fill rows with the training pixels of all classes, then the test's."""
    rasters, start = {}, 0
    for part, of_class in counts.items():
        raster = np.zeros(size, np.uint8)
        numbers = np.repeat(np.arange(len(of_class)) + 1, of_class)
        raster.flat[start : start + len(numbers)] = numbers
        start += len(numbers)
        rasters[part] = raster
    return rasters


def houston_arrays() -> dict[str, np.ndarray]:
    """Return a small Houston2013, (H, W) or (H, W, C)."""
    rng = np.random.default_rng(0)
    labels = label_rasters(Houston2013Dataset.OFFICIAL, (SIDE, SIDE))
    return dict(
        HSI=rng.integers(1, 9000, (SIDE, SIDE, 144), np.uint16),
        LiDAR=rng.normal(20, 5, (SIDE, SIDE)).astype('f4'),
        TRLabel=labels['train'],
        TSLabel=labels['test'],
    )


def write_houston(root: Path, form: str, arrays: Mapping) -> None:
    """Write it as the contest did, or as MATLAB files of a version."""
    root.mkdir(parents=True, exist_ok=True)
    if form == 'contest':
        folder = root / '2013_DFTC'
        hsi, lidar = arrays['HSI'].transpose(2, 0, 1), arrays['LiDAR'][None]
        write_tif(folder / f'{CONTEST}_CASI.tif', hsi)
        write_tif(folder / f'{CONTEST}_LiDAR.tif', lidar)
        for name, label in (('TR', 'TRLabel'), ('VA', 'TSLabel')):
            path = folder / f'{CONTEST}_Samples_{name}.txt'
            write_regions(path, arrays[label])
        return
    for name, array in arrays.items():
        path = root / f'{name}.mat'
        if form == 'v7.3':
            write_matlab(path, {name: array})
        else:
            savemat(path, {name: array})


def write_regions(path: Path, label: np.ndarray, shift: int = 1) -> None:
    """Write regions of interest as ENVI does."""
    numbers = range(1, int(label.max()) + 1)
    places = [np.argwhere(label == n) for n in numbers]
    lines = ['; ENVI Output of ROIs (4.8)', f'; Number of ROIs: {len(places)}']
    lines += [f'; File Dimension: {label.shape[1]} x {label.shape[0]}', ';']
    for number, found in zip(numbers, places, strict=True):
        lines += [f'; ROI name: region {number}', '; ROI rgb value: {1, 2, 3}']
        lines += [f'; ROI npts: {len(found)}', ';']
    lines += [';   ID    X    Y    Lat    Lon']
    for found in places:
        for i, (row, column) in enumerate(found.tolist(), 1):
            lines.append(f'{i} {column + shift} {row + shift} 29.7 -95.3')
        lines.append('')
    path.write_text('\n'.join(lines))


def blocks_label() -> np.ndarray:
    """Five classes in 4 x 5 blocks, each in several of them."""
    rng = np.random.default_rng(0)
    coarse = rng.permutation(np.arange(20) % 5 + 1).reshape(4, 5)
    return coarse.repeat(BLOCK, 0).repeat(BLOCK, 1)
