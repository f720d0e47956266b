"""What a network makes of a window, as pictures."""

import numpy as np
import pytest
from mmseg.registry import MODELS

from multimodal_rs.reports.feature_blocks import feature_blocks
from multimodal_rs.reports.page import Gallery, Paragraph
from small_network import BANDS, model_config


def build(neck):
    config = model_config() | dict(neck=neck)
    return MODELS.build(config).eval()


def window(size=(24, 32)):
    random = np.random.default_rng(0)
    return {
        m: random.standard_normal((n, *size)).astype(np.float32)
        for m, n in BANDS.items()
    }


@pytest.mark.parametrize('kind, galleries', [('Sum', 2), ('Gated', 3)])
def test_images_features_and_weights(kind, galleries):
    neck = dict(type=f'{kind}FusionNeck', in_index=(0,))
    if kind == 'Gated':
        neck['in_channels'] = (8,)
    model = build(neck)
    modalities = model.data_preprocessor.modalities
    text, *found = feature_blocks(model, window(), modalities)
    assert isinstance(text, Paragraph)
    assert [type(b) for b in found] == [Gallery] * galleries
    captions = [p.caption for p in found[0].pictures]
    assert captions == ['opt, image', 'opt, 8 features on 24 x 32 cells']
    if kind == 'Gated':
        captions = [p.caption for p in found[2].pictures]
        # Gates start at one half.
        expected = 'on 24 x 32 cells: mean 0.50, deviation 0.00'
        assert len(captions) == 2 and all(expected in c for c in captions)
