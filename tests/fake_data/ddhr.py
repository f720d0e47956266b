"""A city of DDHR."""

from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_image


def make_ddhr(root: Path, count: int) -> None:
    """Write tiles 1..count of a city of DDHR."""
    rng = np.random.default_rng(0)
    for tile in range(1, count + 1):
        optical = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        sar = np.repeat(optical[..., :1], 3, axis=2)
        label = rng.choice([0, 1, 2, 3, 4, 255], (SIZE, SIZE))
        write_image(root / 'GF2' / f'{tile}.jpg', optical)
        write_image(root / 'GF3' / f'{tile}.jpg', sar)
        write_image(root / 'label' / f'{tile}.png', label.astype(np.uint8))
