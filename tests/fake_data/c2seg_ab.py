"""C2Seg-AB: both cities in their files of MATLAB 5."""

from pathlib import Path

import numpy as np
from scipy.io import savemat

SIZES = dict(augsburg=(1290, 258), berlin=(256, 600))  # (H, W): 5 and 2 tiles


def make_c2seg_ab(root: Path, bands: int = 242) -> None:
    """Write Augsburg and Berlin; SAR has a NaN."""
    for city in SIZES:
        path = root / 'data1' / f'{city}_multimodal.mat'
        path.parent.mkdir(parents=True, exist_ok=True)
        savemat(path, make_city(city, bands), do_compression=False)


def make_city(city: str, bands: int = 242) -> dict[str, np.ndarray]:
    """Return the variables of a city, (H, W, C) and (H, W)."""
    rng = np.random.default_rng(len(city))
    size = SIZES[city]
    place = np.arange(size[0] * size[1], dtype='uint16').reshape(*size, 1)
    sar = rng.normal(-20, 6, (*size, 2))
    sar[7, 5, 1] = np.nan
    return dict(
        HSI=place + np.arange(bands, dtype='uint16'),
        MSI=rng.integers(200, 5000, (*size, 4)).astype('float32'),
        SAR=sar,
        label=rng.integers(0, 14, size, np.uint8),
    )
