"""Tiles of up to four modalities whose values say where a pixel was."""

import numpy as np
from mmseg.registry import DATASETS

from fake_data.files import write_tif

SIZE = (24, 32)
BANDS = dict(opt=3, sar=2, dem=1, hsi=6)
LOAD = [dict(type='LoadMultiModalImages'), dict(type='LoadLandCover')]
PACK = dict(type='PackMultiModalInputs')


def make_tile(root, name='t1', names=tuple(BANDS), size=SIZE):
    """Write a tile and append it to the list.

    Every band holds row * 100 + column + 10000 * band, the label
    (row + column) % 3.
    """
    rows, columns = np.mgrid[: size[0], : size[1]]
    base = (rows * 100 + columns).astype('float32')
    for m in names:
        write_tif(
            root / m / f'{name}.tif',
            np.stack([base + 10000 * b for b in range(BANDS[m])]),
        )
    write_tif(root / 'label' / f'{name}.tif', ((rows + columns) % 3)[None])
    with (root / 'all.txt').open('a') as file:
        file.write(f'{name}\n')


def build(root, pipeline, names=tuple(BANDS), **changes):
    """Build a dataset of the tiles.

    Args:
        root: Folder of the tiles.
        pipeline: Its transforms.
        names: Modalities that are declared.
        changes: Arguments of the dataset; ``declare``: changes of
            declarations.
    """
    modalities = {m: dict(dir=m, bands=list(range(BANDS[m]))) for m in names}
    for m, change in changes.pop('declare', {}).items():
        modalities[m] |= change
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(root),
            ann_file='all.txt',
            modalities=modalities,
            label=dict(dir='label'),
            metainfo=dict(classes=('a', 'b', 'c')),
            pipeline=pipeline,
        )
        | changes
    )
