"""Write arrays as the files that datasets consist of."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning

SIZE = 32  # of most tiles, instead of 256


def write_tif(
    path: Path,
    data: np.ndarray,
    crs: str | None = None,
    transform: Affine | None = None,
    nodata: float | None = None,
) -> None:
    """Write (C, H, W) as GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = data.shape
    profile = dict(
        driver='GTiff',
        count=bands,
        height=height,
        width=width,
        dtype=data.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
    )
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as file:
            file.write(data)


def write_image(path: Path, data: np.ndarray) -> None:
    """Write (H, W) or (H, W, 3) uint8 as PNG or JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(data).save(path)


def write_matlab(path: Path, variables: dict[str, np.ndarray]) -> None:
    """Write (H, W) or (H, W, C) arrays as MATLAB 7.3 does, column-major."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w', userblock_size=512) as file:
        for name, data in variables.items():
            file.create_dataset(
                name, data=data.T, chunks=True, compression='gzip'
            )
