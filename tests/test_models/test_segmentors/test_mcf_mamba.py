"""The whole network in small: any size, any modality missing."""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from helpers import ROOT

CONFIG = 'configs/mcf_mamba/mcf-mamba_vmamba-xt_1xb8-40e_simulated-128x128.py'


@pytest.fixture
def model():
    return MODELS.build(Config.fromfile(ROOT / CONFIG).model)


def batch(size, batch=2):
    inputs = dict(
        opt=[torch.rand(4, *size) for _ in range(batch)],
        sar=[torch.rand(2, *size) for _ in range(batch)],
    )
    samples = []
    for _ in range(batch):
        label = torch.randint(0, 8, (1, *size))
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        sample.set_metainfo(dict(ori_shape=size, img_shape=size))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


@pytest.mark.parametrize('size', [(32, 64), (37, 50)])
def test_any_size_in_training_and_testing(model, size):
    data = model.data_preprocessor(batch(size), training=True)
    losses = model.loss(**data)
    total = losses['decode.loss_ce'] + losses['decode.loss_dice']
    total.backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    model.eval()
    with torch.no_grad():
        for sample in model.test_step(batch(size)):
            assert sample.seg_logits.shape == size
            assert sample.pred_sem_seg.shape == size


@torch.no_grad()
def test_windows_of_an_odd_image(model):
    model.eval()
    model.test_cfg = dict(crop_size=(32, 32), stride=(20, 20))
    size = (45, 33)
    inputs = dict(opt=torch.rand(1, 4, *size), sar=torch.rand(1, 2, *size))
    logits = model.slide_inference(inputs, [{}])
    assert logits.shape == (1, 8, *size)
    corner = {m: x[..., :32, :32] for m, x in inputs.items()}
    torch.testing.assert_close(
        logits[..., :13, :1],
        model.encode_decode(corner, [{}])[..., :13, :1],
    )


@torch.no_grad()
def test_both_modalities_matter_and_a_missing_one_is_black(model):
    model.eval()
    inputs = dict(opt=torch.rand(1, 4, 32, 32), sar=torch.rand(1, 2, 32, 32))
    both = model.encode_decode(inputs, [{}])
    for name in inputs:
        black = inputs | {name: torch.zeros_like(inputs[name])}
        expected = model.encode_decode(black, [{}])
        rest = {m: x for m, x in inputs.items() if m != name}
        torch.testing.assert_close(model.encode_decode(rest, [{}]), expected)
        assert not torch.allclose(both, expected, rtol=1e-2)
