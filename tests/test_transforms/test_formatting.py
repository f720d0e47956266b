"""What a sample looks like after packing."""

import pytest
import torch

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
