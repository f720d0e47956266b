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
