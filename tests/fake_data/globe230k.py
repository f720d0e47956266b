"""A tile of Globe230k."""

from pathlib import Path

import numpy as np

from fake_data.files import write_image, write_tif

SIZE = (512, 512)


def make_tile(
    root: Path, name: str = 'data_1', size: tuple[int, int] = SIZE
) -> dict[str, np.ndarray]:
    """Write a tile and lists of it; NDVI is NaN in the first three rows."""
    rng = np.random.default_rng(0)
    ndvi = rng.uniform(-0.2, 0.9, (1, *size)).astype('float32')
    ndvi[0, :3] = np.nan
    tile = dict(
        image=rng.integers(0, 256, (*size, 3), np.uint8),
        ndvi=ndvi,
        dem=rng.integers(0, 3000, (1, *size)).astype('int16'),
        vvvh=rng.normal(-15, 3, (2, *size)).astype('float32'),
        label=rng.integers(0, 11, size, np.uint8),
    )
    write_image(root / f'image_patch/{name}.jpg', tile['image'])
    write_image(root / f'label_patch/{name}.png', tile['label'])
    for layer in ('ndvi', 'dem', 'vvvh'):
        write_tif(root / f'{layer}_patch/{name}.tif', tile[layer])
    lists = root / 'splits/random-622-seed0'
    lists.mkdir(parents=True, exist_ok=True)
    for part in ('train', 'val', 'test'):
        (lists / f'{part}.txt').write_text(f'{name}\n')
    return tile
