"""What a sample looks like after packing."""

import numpy as np
import pytest
import torch
from mmseg.registry import TRANSFORMS

from fake_data.numbered import BANDS, LOAD, PACK, SIZE, build, make_tile


@pytest.mark.parametrize('count', [1, 2, 3, 4])
def test_any_number_of_modalities(tmp_path, count):
    names = tuple(BANDS)[:count]
    make_tile(tmp_path, names=names)
    data = build(tmp_path, [*LOAD, PACK], names)[0]
    assert list(data['inputs']) == list(names)
    for m in names:
        assert data['inputs'][m].shape == (BANDS[m], *SIZE)
        assert data['inputs'][m].dtype == torch.float32
        band = data['inputs'][m][-1] - 10000 * (BANDS[m] - 1)
        assert band[3, 7] == 307
    sample = data['data_samples']
    assert sample.gt_sem_seg.data.shape == (1, *SIZE)
    assert sample.present_modalities == names
    assert sample.sample_id == 't1'


@pytest.mark.parametrize(
    'invalid, present, expected',
    [
        ((), ('opt', 'sar'), ('opt', 'sar')),
        (('sar',), ('opt', 'sar'), ('opt',)),
        (('opt', 'sar'), ('opt', 'sar'), ('opt', 'sar')),  # which, then?
        ((), ('sar',), ('sar',)),
    ],
)
def test_a_crop_has_what_is_valid_in_it(invalid, present, expected):
    channels, starts = dict(opt=3, sar=2), dict(opt=0, sar=3)
    image = np.ones((4, 5, 6), np.float32)
    image[0, 0, :-1] = np.nan  # of valid modalities, too
    for m in invalid:
        image[..., starts[m] : starts[m] + channels[m]] = np.nan
    sample = dict(
        sample_id='t1',
        img=image,
        modality_channels=channels,
        present_modalities=present,
    )
    packed = TRANSFORMS.build(PACK)(sample)['data_samples']
    assert packed.present_modalities == expected
