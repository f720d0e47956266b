"""OMBRIA, with the floods of 2021."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_image

FLOODS = ('ALBANIA', 'FRANCE', 'GUYANA', 'TIMOR')


def make_ombria(
    root: Path,
    train: int = 20,
    test: int = 3,
    floods: Sequence[str] = ('ALBANIA',),
) -> None:
    """Write OMBRIA with two tiles of each of some floods and all phases.

    The first rows are outside the scene: 0 in S2, 255 in S1.
    """
    for part, count in dict(train=train, test=test).items():
        for number in range(1, count + 1):
            for sensor in ('S1', 'S2'):
                for phase in ('before', 'after', 'mask'):
                    path = (
                        root
                        / f'Ombria{sensor}/{part}/{phase.upper()}'
                        / f'{sensor}_{phase}_{number:04}.png'
                    )
                    write_image(path, _ombria(sensor, phase, number))
    stems = dict(before='imbefore', after='imafter', mask='gt')
    folders = dict(S1='Sentinel1', S2='Sentinel2')
    for flood, number, sensor, phase in product(
        floods, (0, 3), folders, stems
    ):
        folder = root / '2021' / flood / folders[sensor] / phase.upper()
        image = _ombria(sensor, phase, number)
        write_image(folder / f'{stems[phase]}_{number}.png', image)


def _ombria(sensor: str, phase: str, number: int) -> np.ndarray:
    seed = [len(sensor), len(phase), number]
    rng = np.random.default_rng(seed)
    if phase == 'mask':
        return 255 * rng.integers(0, 2, (SIZE, SIZE), np.uint8)
    shape = (SIZE, SIZE) if sensor == 'S1' else (SIZE, SIZE, 3)
    image = rng.integers(1, 255, shape, np.uint8)
    image[:2] = 255 if sensor == 'S1' else 0
    return image
