import pytest
import torch
from mmseg.registry import MODELS

from helpers import random_pyramid

CFG = dict(type='SumFusionNeck', modalities=('opt', 'sar'), in_index=(2, 0))


def test_adds_the_chosen_levels():
    features = {m: random_pyramid((4, 8, 16)) for m in ('opt', 'sar')}
    fused = MODELS.build(CFG)(features)
    assert len(fused) == 2
    for y, level in zip(fused, (2, 0), strict=True):
        expected = features['opt'][level] + features['sar'][level]
        torch.testing.assert_close(y, expected)


def test_missing_modality_is_named():
    with pytest.raises(KeyError, match=r"missing \['opt'\]"):
        MODELS.build(CFG)(dict(sar=random_pyramid((4, 8, 16))))
