"""Late fusion: networks side by side, and the mean of their answers."""

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import multimodal_rs  # noqa: F401  registers the classes

ENCODER = dict(
    type='MixVisionTransformer',
    embed_dims=8,
    num_layers=[1, 1, 1, 1],
    num_heads=[1, 1, 1, 1],
)
HEAD = dict(type='AllMLPHead', in_channels=(8, 8, 8, 8), channels=8)
MODALITIES = dict(opt=dict(bands=[0, 1, 2]), sar=dict(bands=[0, 1]))
PREPROCESSOR = dict(
    type='MultiModalSegDataPreProcessor', modalities=MODALITIES, num_classes=4
)


def build(**heads):
    branches = dict(opt=ENCODER, sar=ENCODER)
    return MODELS.build(
        dict(
            type='LateFusionSegmentor',
            backbone=dict(type='ParallelBackbones', branches=branches),
            modality_heads=heads or dict(opt=HEAD, sar=HEAD),
            data_preprocessor=PREPROCESSOR,
        )
    )


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    return build().eval()


def images(batch=1):
    return dict(
        opt=torch.randn(batch, 3, 40, 32), sar=torch.randn(batch, 2, 40, 32)
    )


def test_the_answer_is_the_mean_of_the_probabilities(model):
    inputs = images()
    with torch.no_grad():
        both = model.encode_decode(inputs, [{}]).softmax(dim=1)
        single = {
            m: model.encode_decode({m: x}, [{}]).softmax(dim=1)
            for m, x in inputs.items()
        }
        tensor = model(inputs, mode='tensor').softmax(dim=1)
    assert (single['opt'] - single['sar']).abs().max() > 1e-3
    torch.testing.assert_close(both, (single['opt'] + single['sar']) / 2)
    torch.testing.assert_close(tensor, both)


def test_what_is_missing_is_not_read(model):
    inputs = images()
    only = [dict(present_modalities=('opt',))]
    with torch.no_grad():
        first = model.encode_decode(inputs, only)
        inputs['sar'] = inputs['sar'] + 1
        assert torch.equal(first, model.encode_decode(inputs, only))


def test_networks_do_not_train_each_other():
    model = build().train()
    sample = SegDataSample(metainfo=dict(img_shape=(40, 32)))
    sample.gt_sem_seg = PixelData(data=torch.randint(0, 4, (1, 40, 32)))
    losses = model.loss(images(2), [sample, sample])
    assert {key.partition('.')[0] for key in losses} == {'opt', 'sar'}
    losses['sar.loss_ce'].backward()
    trained = {n for n, p in model.named_parameters() if p.grad is not None}
    assert trained and all('.sar.' in name for name in trained)


def test_every_modality_needs_a_head():
    with pytest.raises(KeyError, match=r"\['sar'\] have no head"):
        build(opt=HEAD)
