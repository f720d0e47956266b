import pytest
import torch

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


def test_a_linear_classifier_of_the_joined_maps_adds_up_logits():
    """Late fusion: each modality has a classifier, the bias is shared."""
    neck = ConcatFusionNeck(('opt', 'sar'), (6,), (0,), mix=False)
    assert not list(neck.parameters())
    maps = {m: random_pyramid((6,)) for m in ('opt', 'sar')}
    classifier = torch.nn.Conv2d(12, 4, 3, padding=1, bias=False)
    (joined,) = neck(maps)
    parts = classifier.weight.split(6, dim=1)
    expected = sum(
        torch.nn.functional.conv2d(maps[m][0], part, padding=1)
        for m, part in zip(maps, parts, strict=True)
    )
    torch.testing.assert_close(classifier(joined), expected, rtol=0, atol=1e-5)


def test_one_entry_per_level():
    with pytest.raises(ValueError, match='one entry per level'):
        ConcatFusionNeck(('opt', 'sar'), CHANNELS, (0,))
