"""SEN12MS: scenes of three seasons, two with one number."""

from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_tif

TILES = (
    'ROIs1158_spring_1_p30',
    'ROIs1158_spring_1_p4',
    'ROIs1158_spring_15_p7',  # of a hold-out scene
    'ROIs1868_summer_1_p30',
    'ROIs1970_fall_15_p7',
)


def make_sen12ms(root: Path) -> dict[str, np.ndarray]:
    """Write five tiles and the one whose SAR is damaged.

    Returns:
        Tile id -> (4, H, W) land cover; IGBP classes 0 to 17 in the first.
    """
    rng = np.random.default_rng(0)
    made = {}
    for tile in (*TILES, 'ROIs1868_summer_146_p202'):
        rois, scene, patch = tile.rsplit('_', 2)
        s1 = rng.normal(-15, 5, (2, SIZE, SIZE)).astype('float32')
        if tile not in TILES:
            s1[:] = np.nan
        lc = rng.integers(0, 18, (4, SIZE, SIZE)).astype('uint16')
        lc[1:] += 100
        s2 = rng.integers(100, 9000, (13, SIZE, SIZE)).astype('uint16')
        for layer, data in dict(s1=s1, s2=s2, lc=lc).items():
            name = f'{rois}_{layer}_{scene}_{patch}.tif'
            write_tif(root / rois / f'{layer}_{scene}' / name, data)
        made[tile] = lc
    return made
