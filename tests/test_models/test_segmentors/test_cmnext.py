"""What is missing reaches the backbone, in testing and in training."""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from helpers import ROOT

CONFIG = 'configs/cmnext/cmnext_mit-b0_1xb8-15e_simulated-128x128.py'
BANDS = dict(opt=4, sar=2, dem=1)
SIZE = (32, 40)
PRESENT = (('opt', 'sar', 'dem'), ('opt', 'sar'))


@pytest.fixture
def model():
    config = Config.fromfile(ROOT / CONFIG).model
    config.data_preprocessor.modalities = {
        m: dict(bands=list(range(c))) for m, c in BANDS.items()
    }
    return MODELS.build(config)


def two_batches():
    """Equal but for the second sample's elevation, which is not there."""
    inputs = {m: torch.rand(2, c, *SIZE) for m, c in BANDS.items()}
    other = inputs['dem'].clone()
    other[1] = torch.rand(1, *SIZE)
    return inputs, dict(inputs, dem=other)


@torch.no_grad()
def test_what_is_missing_is_left_out(model):
    model.eval()
    metas = [dict(present_modalities=m) for m in PRESENT]
    batches = two_batches()
    first, second = (model.encode_decode(x, metas) for x in batches)
    torch.testing.assert_close(first, second)
    alone = {m: x[1:] for m, x in batches[0].items() if m != 'dem'}
    answer = model.encode_decode(alone, [{}])
    torch.testing.assert_close(answer[0], first[1])
    whole = model.encode_decode(batches[0], [{}, {}])
    torch.testing.assert_close(whole[0], first[0])
    assert (whole[1] - first[1]).abs().max() > 1e-4


def test_what_is_missing_trains_nothing(model):
    model.train()
    samples = []
    for names in PRESENT:
        label = PixelData(data=torch.randint(0, 8, (1, *SIZE)))
        sample = SegDataSample(gt_sem_seg=label)
        sample.set_metainfo(dict(present_modalities=names, img_shape=SIZE))
        samples.append(sample)
    losses = []
    for inputs in two_batches():
        inputs['dem'].requires_grad_()
        torch.manual_seed(0)
        loss = model.loss(inputs, samples)['decode.loss_ce']
        (gradient,) = torch.autograd.grad(loss, inputs['dem'])
        assert gradient[0].abs().sum() > 0 and gradient[1].abs().sum() == 0
        losses.append(loss)
    torch.testing.assert_close(*losses)
