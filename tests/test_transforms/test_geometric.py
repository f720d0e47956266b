"""One draw for all modalities, the label and what is invalid."""

import numpy as np
import pytest
import torch

from fake_data.files import write_tif
from fake_data.numbered import BANDS, LOAD, PACK, SIZE, build, make_tile

GEOMETRY = [
    [dict(type='RandomFlip', prob=1.0)],
    [dict(type='RandomFlip', prob=1.0, direction='vertical')],
    [dict(type='RandomRotate90')],
    [dict(type='RandomCrop', crop_size=(8, 12))],
    [dict(type='RandomCrop', crop_size=(8, 8)), dict(type='RandomRotate90')],
]


@pytest.mark.parametrize('geometry', GEOMETRY)
def test_one_draw_moves_all_modalities_and_the_label(tmp_path, geometry):
    make_tile(tmp_path)
    dataset = build(tmp_path, [*LOAD, *geometry, PACK])
    moved = False
    for _ in range(4):
        data = dataset[0]
        position = data['inputs']['dem'][0]
        for m, bands in BANDS.items():
            for b in range(bands):
                assert torch.equal(data['inputs'][m][b] - 10000 * b, position)
        rows, columns = position // 100, position % 100
        label = data['data_samples'].gt_sem_seg.data[0]
        assert torch.equal(label, ((rows + columns) % 3).long())
        moved |= position.shape != SIZE or position[0, 0] != 0
    assert moved


def test_rotation_border_is_invalid_everywhere(tmp_path):
    make_tile(tmp_path)
    rotate = dict(type='RandomRotate', prob=1.0, degree=(40, 40))
    data = build(tmp_path, [*LOAD, rotate, PACK])[0]
    label = data['data_samples'].gt_sem_seg.data[0]
    border = label == 255
    assert 0.1 < border.float().mean() < 0.9
    # what was interpolated between a pixel and the fill value is invalid, too
    wide = torch.nn.functional.max_pool2d(border[None].float(), 3, 1, 1)[0] > 0
    position = data['inputs']['dem'][0][~wide]
    for m, bands in BANDS.items():
        assert data['inputs'][m][:, border].isnan().all()
        for b in range(bands):
            values = data['inputs'][m][b][~wide] - 10000 * b
            torch.testing.assert_close(values, position, rtol=0, atol=0.1)


@pytest.mark.parametrize(
    'geometry',
    [
        dict(type='RandomFlip', prob=1.0),
        dict(type='RandomRotate90'),
        dict(type='RandomCrop', crop_size=(20, 20)),
    ],
)
def test_invalid_pixels_follow_the_geometry(tmp_path, geometry):
    make_tile(tmp_path)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    sar = np.stack([rows * 100.0 + columns] * 2).astype('float32')
    sar[1, :6, :10] = np.nan
    write_tif(tmp_path / 'sar' / 't1.tif', sar)
    data = build(tmp_path, [*LOAD, geometry, PACK])[0]
    position = data['inputs']['dem'][0]
    inside = (position // 100 < 6) & (position % 100 < 10)
    assert torch.equal(data['inputs']['sar'][0].isnan(), inside)
    assert torch.equal(data['inputs']['sar'][1].isnan(), inside)
    assert not data['inputs']['opt'].isnan().any()


def test_resizing_widens_the_invalid_area_by_a_pixel_at_most(tmp_path):
    make_tile(tmp_path)
    sar = np.ones((2, *SIZE), 'float32')
    sar[1, :6, :10] = np.nan
    write_tif(tmp_path / 'sar' / 't1.tif', sar)
    double = dict(type='RandomResize', scale=(64, 48), ratio_range=(1.0, 1.0))
    data = build(tmp_path, [*LOAD, double, PACK])[0]['inputs']['sar']
    assert data.shape == (2, 48, 64)
    assert data[:, :12, :20].isnan().all()
    assert (data[:, 13:] == 1).all() and (data[:, :, 21:] == 1).all()


@pytest.mark.parametrize(
    'geometry',
    [
        dict(type='Resize', scale=(40, 30), keep_ratio=False),
        dict(type='RandomRotate', prob=1.0, degree=(40, 40)),
    ],
)
def test_a_single_band_keeps_its_axis(tmp_path, geometry):
    """OpenCV drops it."""
    make_tile(tmp_path, names=('dem',))
    light = dict(type='RandomBrightnessContrast', modality='dem', prob=1.0)
    pipeline = [*LOAD, geometry, light, PACK]
    data = build(tmp_path, pipeline, names=('dem',))[0]
    label = data['data_samples'].gt_sem_seg.data
    assert data['inputs']['dem'].shape == label.shape
