"""Sen1Floods11, v1.1: chips of six floods, some without a sensor."""

from pathlib import Path

import numpy as np
import rasterio

from fake_data.files import SIZE, write_tif

CHIPS = (
    'India_2',
    'India_3',  # Sentinel-1 is NaN everywhere
    'Sri-Lanka_4',  # no Sentinel-2
    'Ghana_1',
    'Bolivia_6',
    'Spain_5',  # no pixel has a label
)
FOLDER = 'data/flood_events/HandLabeled'
OFFICIAL = dict(
    train=('India_2', 'Sri-Lanka_4'),
    valid=('India_3', 'Ghana_1'),
    test=('Spain_5',),
    bolivia=('Bolivia_6',),
)


def make_sen1floods11(root: Path) -> dict[str, np.ndarray]:
    """Write six chips, the official lists and a chip of which only a label is.

    The first row of Sentinel-2 is empty, the second has a 0 in one band; the
    first row of Sentinel-1 is NaN.

    Returns:
        Chip -> (1, H, W), its label.
    """
    rng = np.random.default_rng(0)
    labels = {}
    for chip in (*CHIPS, 'Somalia_8'):
        s2 = rng.integers(7, 6000, (13, SIZE, SIZE)).astype('int16')
        s2[:, 0] = 0
        s2[10, 1] = 0
        s1 = rng.normal(-15, 6, (2, SIZE, SIZE)).astype('float32')
        s1[:, 0 : None if chip == 'India_3' else 1] = np.nan
        label = rng.integers(-1, 2, (1, SIZE, SIZE)).astype('int16')
        if chip == 'Spain_5':
            label[:] = -1
        layers = dict(S1Hand=s1, S2Hand=s2, LabelHand=label)
        if chip == 'Sri-Lanka_4':
            del layers['S2Hand']
        if chip == 'Somalia_8':
            layers = dict(LabelHand=label)
        for layer, data in layers.items():
            path = root / FOLDER / layer / f'{chip}_{layer}.tif'
            write_tif(path, data)
            if layer == 'S2Hand':
                with rasterio.open(path, 'r+') as file:
                    file.nodata = 0
        labels[chip] = label
    lists = root / 'splits/flood_handlabeled'
    lists.mkdir(parents=True)
    for part, chips in OFFICIAL.items():
        lines = [f'{c}_S1Hand.tif,{c}_LabelHand.tif\n' for c in chips]
        (lists / f'flood_{part}_data.csv').write_text(''.join(lines))
    return labels
