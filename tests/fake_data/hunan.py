"""Hunan: two tiles of each part, in the layout that public code reads."""

from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_image, write_tif

TILES = tuple(
    f'{part}/{number}'
    for part, first in (('train', 1212), ('val', 7), ('test', 90))
    for number in (first, first + 1)
)
NUMBERS = (*range(12), 255)  # in the labels


def make_hunan(root: Path) -> dict[str, dict[str, np.ndarray]]:
    """Write the tiles.

    Returns:
        Tile -> folder -> (C, H, W).
    """
    rng = np.random.default_rng(0)
    made = {}
    for tile in TILES:
        part, name = tile.split('/')
        shape = SIZE, SIZE
        layers = dict(
            s2=rng.integers(0, 6000, (13, *shape)).astype('u2'),
            s1=rng.normal(-12, 3, (2, *shape)).astype('f4'),
            topo=rng.integers(20, 900, (2, *shape)).astype('i2'),
            lc=rng.choice(np.array(NUMBERS, 'u1'), (1, *shape)),
        )
        for folder, data in layers.items():
            write_tif(root / part / folder / f'{folder}_{name}.tif', data)
        made[tile] = layers
    return made


def make_ssrs(root: Path, count: int = 5) -> np.ndarray:
    """Write tiles as SSRS converts them.

    Returns:
        The label (H, W) int8 of all tiles, -1 where it is ignored.
    """
    rng = np.random.default_rng(0)
    label = rng.integers(-1, 7, (SIZE, SIZE)).astype('i1')
    for number in range(count):
        image = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        write_image(root / f'images_png/{number}.png', image)
        write_image(root / f'dsm_pngs/{number}.png', image[..., 0])
        write_tif(root / f'masks_png/{number}.tif', label[None])
    return label
