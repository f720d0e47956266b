"""Changes of the values of one modality."""

import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS

from fake_data.files import write_tif
from fake_data.numbered import BANDS, LOAD, PACK, SIZE, build, make_tile


def test_radiometry_touches_one_modality_and_keeps_nan(tmp_path):
    make_tile(tmp_path)
    sar = np.full((2, *SIZE), 0.5, 'float32')
    sar[:, 0, 0] = np.nan
    write_tif(tmp_path / 'sar' / 't1.tif', sar)
    plain = build(tmp_path, [*LOAD, PACK])[0]['inputs']
    for step, changed in (
        (dict(type='RandomSpeckle', modality='sar', prob=1.0), 'sar'),
        (
            dict(type='RandomBrightnessContrast', modality='opt', prob=1.0),
            'opt',
        ),
    ):
        data = build(tmp_path, [*LOAD, step, PACK])[0]['inputs']
        for m in BANDS:
            same = torch.equal(data[m].nan_to_num(-1), plain[m].nan_to_num(-1))
            assert same == (m != changed)
        assert data['sar'][:, 0, 0].isnan().all()
        assert data['sar'].isnan().sum() == 2


def test_speckle_has_the_asked_number_of_looks():
    step = TRANSFORMS.build(
        dict(type='RandomSpeckle', looks=9.0, db_scale=1.0, prob=1.0)
    )
    results = dict(
        img=np.zeros((200, 200, 1), np.float32), modality_channels=dict(sar=1)
    )
    power = 10 ** (step(results)['img'] / 10)
    assert power.mean() == pytest.approx(1, abs=0.01)
    looks = power.mean() ** 2 / power.var()
    assert looks == pytest.approx(9, rel=0.05)


def calibrated(image, **arguments):
    transform = TRANSFORMS.build(
        dict(type='RandomCalibration', modality='sar', prob=1.0, **arguments)
    )
    results = dict(img=image.copy(), modality_channels={'opt': 1, 'sar': 2})
    return transform.transform(results)['img']


def test_calibration_is_one_gain_and_offset_per_band():
    random = np.random.default_rng(0)
    image = random.random((6, 7, 3), np.float32)
    image[0, 0, 2] = np.nan
    changed = calibrated(
        image, gain=0.2, band_gain=0.1, offset=0.3, band_offset=0.1
    )
    np.testing.assert_array_equal(changed[..., 0], image[..., 0])
    assert np.isnan(changed[0, 0, 2]) and np.isnan(changed).sum() == 1
    lines = []
    for band in (1, 2):
        x, y = image[1:, :, band].ravel(), changed[1:, :, band].ravel()
        gain, offset = np.polyfit(x, y, 1)
        np.testing.assert_allclose(gain * x + offset, y, atol=1e-5)
        assert 0.8 * 0.9 <= gain <= 1.2 * 1.1 and abs(offset) <= 0.4
        lines.append((gain, offset))
    assert lines[0] != pytest.approx(lines[1], abs=1e-3)


def test_calibration_of_all_bands_keeps_their_ratios():
    image = np.random.default_rng(0).random((4, 4, 3), np.float32) + 1
    changed = calibrated(image, gain=0.2)
    ratio = changed[..., 1:] / image[..., 1:]
    np.testing.assert_allclose(ratio, ratio[0, 0, 0], rtol=1e-6)


def test_calibration_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match='gains must lie'):
        calibrated(np.zeros((2, 2, 3), np.float32), gain=1.0)
    with pytest.raises(ValueError, match='not be negative'):
        calibrated(np.zeros((2, 2, 3), np.float32), offset=-1.0)
