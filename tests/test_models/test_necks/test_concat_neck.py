import pytest

from helpers import assert_gradients_reach, random_pyramid
from multimodal_rs.models.necks.concat_neck import ConcatFusionNeck

CHANNELS = (6, 10)


@pytest.mark.parametrize('modalities', [('opt', 'sar'), ('opt', 'sar', 'dem')])
@pytest.mark.parametrize('size, batch', [(8, 2), ((9, 6), 2)])
def test_mixes_every_level_back_to_its_channels(modalities, size, batch):
    neck = ConcatFusionNeck(modalities, CHANNELS, (0, 1))
    neck.init_weights()
    features = {m: random_pyramid(CHANNELS, size, batch) for m in modalities}
    fused = neck(features)
    assert [y.shape for y in fused] == [x.shape for x in features['opt']]
    assert_gradients_reach(fused, neck, features)


def test_one_entry_per_level():
    with pytest.raises(ValueError, match='one entry per level'):
        ConcatFusionNeck(('opt', 'sar'), CHANNELS, (0,))
