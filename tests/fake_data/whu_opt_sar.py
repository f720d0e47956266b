"""WHU-OPT-SAR: sheets as published, tiles as data_prep cuts them."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rasterio import Affine

from fake_data.files import write_tif

TILE = 'NH49E001013/00256_01024'


def make_whu_opt_sar(root: Path, sheets: Iterable[str]) -> None:
    """Write sheets of WHU-OPT-SAR, 540 x 520 (H, W): four tiles and a rest.

    The last 30 rows have no label.
    """
    for number, sheet in enumerate(sheets):
        rng = np.random.default_rng(number)
        optical = rng.integers(0, 256, (4, 540, 520), np.uint8)
        label = rng.choice(np.arange(10, 80, 10, np.uint8), (1, 540, 520))
        label[:, -30:] = 0
        layers = dict(optical=optical, sar=optical[3:] // 2, lbl=label)
        place = Affine(5e-5, 0, 112.5 + number, 0, -5e-5, 31)
        for folder, data in layers.items():
            path = root / folder / f'{sheet}.tif'
            write_tif(path, data, 'EPSG:4326', place)


def make_tile(root: Path, numbers: Sequence[int]) -> dict[str, np.ndarray]:
    """Write one tile with these labels, and a list of it.

    Returns:
        (bands, 256, 256) per folder.
    """
    rng = np.random.default_rng(0)
    tile = dict(
        optical=rng.integers(0, 256, (4, 256, 256), np.uint8),
        sar=rng.integers(0, 256, (1, 256, 256), np.uint8),
        lbl=rng.choice(numbers, (1, 256, 256)).astype(np.uint8),
    )
    for layer, data in tile.items():
        write_tif(root / f'tiles/{layer}/{TILE}.tif', data)
    (root / 'list.txt').write_text(TILE)
    return tile
