"""BRIGHT in both layouts."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import ColorInterp

from fake_data.files import SIZE, write_tif

TILES = (
    'bata-explosion_00000000',
    'bata-explosion_00000012',  # four optical bands
    'ukraine-conflict_00000003',  # no optical image
    'morocco-earthquake_00000001',
    'noto-earthquake_00000002',
)
STEMS = {
    'pre-event': 'pre_disaster',
    'post-event': 'post_disaster',
    'target': 'building_damage',
}


def make_bright(root: Path, contest: bool = False) -> dict[str, np.ndarray]:
    """Write five tiles, and the lists of the contest in its layout.

    There, the last two tiles are in ``val``, and the last has no target.

    Returns:
        Tile -> its target (1, H, W).
    """
    rng = np.random.default_rng(0)
    targets = {}
    for tile in TILES:
        bands = 4 if tile == TILES[1] else 3
        layers = {
            'pre-event': rng.integers(1, 256, (bands, SIZE, SIZE), np.uint8),
            'post-event': rng.integers(1, 256, (1, SIZE, SIZE), np.uint8),
            'target': rng.integers(0, 4, (1, SIZE, SIZE), np.uint8),
        }
        targets[tile] = layers['target']
        if tile == TILES[2]:
            del layers['pre-event']
        if contest and tile == TILES[4]:
            del layers['target']
        part = ('val' if tile in TILES[3:] else 'train') if contest else '.'
        for layer, data in layers.items():
            path = root / part / layer / f'{tile}_{STEMS[layer]}.tif'
            if len(data) == 4:
                data[3, :4] = 0
            write_tif(path, data)
            if len(data) == 4:
                with rasterio.open(path, 'r+') as file:
                    rest = ColorInterp.green, ColorInterp.blue
                    file.colorinterp = (
                        ColorInterp.red,
                        *rest,
                        ColorInterp.alpha,
                    )
    if contest:
        lists = dict(train=TILES[:2], holdout=TILES[2:3], val=TILES[3:])
        for part, tiles in lists.items():
            text = ''.join(f'{tile}\n' for tile in tiles)
            (root / f'{part}_setlevel.txt').write_text(text)
    return targets
