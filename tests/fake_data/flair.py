"""FLAIR #2: two training domains, one for validation, one for testing."""

from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_tif

TILES = (
    'train/D004_2021/Z1_UA/000003',
    'train/D006_2020/Z2_NN/000001',
    'train/D006_2020/Z2_NN/000002',
    'test/D015_2020/Z1_AA/000004',
)


def make_flair(
    root: Path, by_domain: bool = False
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Write four tiles in the layout of the archives.

    Args:
        root: Folder of the dataset.
        by_domain: Whether in that of Hugging Face, a folder per domain.

    Returns:
        Tile id -> (5, H, W) image and (1, H, W) mask with all 19 numbers.
    """
    rng = np.random.default_rng(0)
    made = {}
    for tile in TILES:
        part, domain, area, number = tile.split('/')
        prefix = 'flair' if part == 'train' else 'flair_2'
        image = rng.integers(0, 256, (5, SIZE, SIZE), np.uint8)
        mask = rng.integers(1, 20, (1, SIZE, SIZE), np.uint8)
        for layer, folder, name, data in (
            ('aerial', 'img', 'IMG', image),
            ('labels', 'msk', 'MSK', mask),
        ):
            place = root / f'{prefix}_{layer}_{part}' / domain / area / folder
            if by_domain:
                released = dict(train='train-val', test='flair#2-test')[part]
                place = root / released / domain / layer / area
            write_tif(place / f'{name}_{number}.tif', data)
        made[tile] = image, mask
    return made
