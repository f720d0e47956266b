"""Files of a tile that say that they lie elsewhere are not paired."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmseg.registry import DATASETS
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.datasets.base import MultiModalSegDataset

SIZE = 16
NORTH_UP = Affine(10, 0, 5e5, 0, -10, 4e6)
SOUTH_UP = Affine(10, 0, 5e5, 0, 10, 4e6 - 10 * SIZE)
EAST = Affine(10, 0, 5e5 + 10 * SIZE, 0, -10, 4e6)
ROUNDED = Affine(10, 0, 5e5 + 0.01, 0, -10, 4e6)
LOCAL = 'LOCAL_CS["WGS 84 / UTM zone 33N",UNIT["metre",1]]'


def write(
    path: Path, crs: str | None, transform: Affine | None, dtype: str
) -> None:
    path.parent.mkdir(exist_ok=True)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=1,
        height=SIZE,
        width=SIZE,
        dtype=dtype,
        crs=crs,
        transform=transform,
    ) as file:
        file.write(np.ones((1, SIZE, SIZE), dtype))


def dataset(root: Path, **places: tuple) -> MultiModalSegDataset:
    usual = ('EPSG:32633', NORTH_UP)
    for name in ('opt', 'sar', 'label'):
        dtype = 'uint8' if name == 'label' else 'float32'
        write(root / name / 't.tif', *places.get(name, usual), dtype)
    (root / 'all.txt').write_text('t\n')
    return DATASETS.build(
        dict(
            type='MultiModalSegDataset',
            data_root=str(root),
            ann_file='all.txt',
            label=dict(dir='label'),
            metainfo=dict(classes=('a', 'b')),
            modalities={m: dict(dir=m, bands=[0]) for m in ('opt', 'sar')},
            pipeline=[
                dict(type='LoadMultiModalImages'),
                dict(type='LoadLandCover'),
                dict(type='PackMultiModalInputs'),
            ],
        )
    )


@pytest.mark.parametrize('layer', ['sar', 'label'])
@pytest.mark.parametrize(
    ('place', 'text'),
    [
        (('EPSG:32633', SOUTH_UP), '3999840.0'),
        (('EPSG:32633', EAST), '500160.0'),
        (('EPSG:32634', NORTH_UP), 'EPSG:32633 of opt and EPSG:32634'),
        ((None, EAST), '500160.0'),
    ],
)
def test_other_places_are_refused(
    tmp_path: Path, layer: str, place: tuple, text: str
) -> None:
    with pytest.raises(ValueError, match=f"tile 't'.*{layer}.*{text}") as e:
        dataset(tmp_path, **{layer: place})[0]
    path = tmp_path / layer / 't.tif'
    like = tmp_path / 'opt' / 't.tif'
    assert f'rio warp {path} {layer}_resampled.tif --like {like}' in str(
        e.value
    )


@pytest.mark.parametrize('layer', ['opt', 'sar', 'label'])
@pytest.mark.parametrize(
    'place',
    [
        ('EPSG:32633', ROUNDED),
        (CRS.from_wkt(LOCAL), NORTH_UP),
        (None, NORTH_UP),
        (None, None),
        ('EPSG:32634', None),
    ],
)
def test_the_same_place_is_accepted(
    tmp_path: Path, layer: str, place: tuple
) -> None:
    sample = dataset(tmp_path, **{layer: place})[0]
    assert sample['data_samples'].gt_sem_seg.data.shape == (1, SIZE, SIZE)
