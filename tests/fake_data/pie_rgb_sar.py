"""PIE-RGB-SAR: some tiles and the two lists of the archive."""

from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_tif


def make_pie(root: Path, train: int = 10, val: int = 3) -> dict[str, dict]:
    """Write the tiles; radar with three equal bands.

    Returns:
        Tile -> folder -> (C, H, W).
    """
    rng = np.random.default_rng(0)
    names = [f'GF_{number}' for number in range(train + val)]
    made = {}
    for name in names:
        radar = rng.integers(0, 256, (1, SIZE, SIZE), np.uint8)
        made[name] = dict(
            rgb=rng.integers(0, 256, (3, SIZE, SIZE), np.uint8),
            sar=np.repeat(radar, 3, axis=0),
            label=rng.integers(0, 6, (1, SIZE, SIZE), np.uint8),
        )
        for folder, data in made[name].items():
            write_tif(root / folder / f'{name}.tif', data)
    for part, tiles in (('train', names[:train]), ('val', names[train:])):
        (root / f'{part}.txt').write_text('\n'.join(tiles))
    return made
