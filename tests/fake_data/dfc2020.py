"""DFC2020 in the layout by cities and in that of the contest."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from fake_data.files import SIZE, write_tif

CITY_TILES = (
    'ROIs0000_autumn_CapeTown_p8',
    'ROIs0000_autumn_CapeTown_p10',
    'ROIs0000_spring_BlackForest_p1',
    'ROIs0000_winter_KippaRing_p3',
    'ROIs0000_autumn_BandarAnzali_p12',
)
CONTEST_TILES = (
    *(f'ROIs0000_test_0_p{i}' for i in range(10)),
    'ROIs0000_validation_0_p0',
    'ROIs0000_validation_0_p1',
)


def make_dfc2020(root: Path, tiles: Iterable[str]) -> None:
    """Write DFC2020 tiles; their ids tell the layout.

    SAR is float64 and NaN in the first row.
    """
    rng = np.random.default_rng(0)
    for tile in tiles:
        _, season, scene, number = tile.split('_')
        folder = {'validation': 'validation', 'test': '0'}.get(season, scene)
        s2 = rng.integers(100, 9000, (13, SIZE, SIZE)).astype('uint16')
        s1 = rng.normal(-15, 6, (2, SIZE, SIZE))
        s1[:, 0] = np.nan
        dfc = rng.choice([1, 2, 4, 5, 6, 7, 9, 10], (1, SIZE, SIZE))
        layers = dict(s2=s2, s1=s1, dfc=dfc.astype('int32'))
        for layer, data in layers.items():
            name = f'ROIs0000_{season}_{layer}_{scene}_{number}.tif'
            directory = root / f'ROIs0000_{season}' / f'{layer}_{folder}'
            write_tif(directory / name, data, 'EPSG:4326')
