"""The pretraining model: what it learns from, what it hands on."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from multimodal_rs.models.backbones.multi_modal_backbone import (
    MultiModalBackbone,
)
from multimodal_rs.transforms.complementary_mask import ComplementaryMask
from multimodal_rs.weights.transfer import transfer

BANDS = dict(opt=3, sar=2, dem=1)
LOSS = dict(type='CrossEntropyLoss', avg_non_ignore=True)


def declare(names):
    return {
        m: dict(bands=list(range(BANDS[m])), mean=[1.0] * BANDS[m])
        for m in names
    }


def convolutional(names=('opt', 'sar')):
    """mmseg's ResNet branches and head."""
    branches = {
        m: dict(
            type='ResNet',
            depth=18,
            in_channels=BANDS[m],
            base_channels=8,
            norm_cfg=dict(type='BN'),
        )
        for m in names
    }
    levels = (0, 1, 2, 3)
    return dict(
        backbone=dict(type='ParallelBackbones', branches=branches),
        neck=dict(type='SumFusionNeck', modalities=names, in_index=levels),
        decode_head=dict(
            type='SegformerHead',
            in_channels=[8, 16, 32, 64],
            in_index=levels,
            channels=16,
            dropout_ratio=0.0,
            num_classes=5,
            norm_cfg=dict(type='BN'),
            loss_decode=LOSS,
        ),
    )


def stacked(names=('opt', 'sar')):
    """Early concatenation."""
    parts = convolutional(names)
    branch = parts['backbone']['branches'][names[0]]
    branch = dict(branch, in_channels=sum(BANDS[m] for m in names))
    backbone = dict(type='StackedBackbone', modalities=names, backbone=branch)
    return dict(backbone=backbone, decode_head=parts['decode_head'])


def mamba(names=('opt', 'sar'), **changes):
    """The parts of MCF-Mamba."""
    arch = dict(depths=(1, 1), base_channels=8, state_size=2) | changes
    branches = {
        m: dict(
            type='VMamba',
            arch=arch,
            in_channels=BANDS[m],
            out_indices=(0, 1),
            drop_path_rate=0.0,
        )
        for m in names
    }
    return dict(
        backbone=dict(type='ParallelBackbones', branches=branches),
        neck=dict(
            type='MCMFNeck',
            modalities=names,
            channels=(8, 16),
            in_index=(0, 1),
            state_size=2,
        ),
        decode_head=dict(
            type='UMambaHead',
            in_channels=(8, 16),
            num_classes=5,
            depth=1,
            state_size=2,
            drop_path_rate=0.0,
            loss_decode=LOSS,
        ),
    )


def current_mamba(names=('opt', 'sar')):
    """With the embedding of the current VMamba, whose tokens overlap."""
    return mamba(names, overlap=True, mlp_ratio=2.0)


NETWORKS = [convolutional, stacked, mamba, current_mamba]


def build(
    parts, names=('opt', 'sar'), kind='ComplementaryMaskedModeling', **kw
):
    preprocessor = dict(
        type='MultiModalSegDataPreProcessor', modalities=declare(names)
    )
    config = dict(type=kind, data_preprocessor=preprocessor, **parts) | kw
    return MODELS.build(ConfigDict(config))


def batch(sizes=((64, 64), (64, 64)), names=('opt', 'sar'), hole=False):
    inputs = {m: [] for m in names}
    samples = []
    for i, size in enumerate(sizes):
        packed = dict(
            inputs={m: torch.rand(BANDS[m], *size) for m in names},
            data_samples=SegDataSample(
                metainfo=dict(
                    sample_id=str(i),
                    present_modalities=names,
                    ori_shape=size,
                    img_shape=size,
                )
            ),
        )
        if hole:
            packed['inputs'][names[0]][:, 8:40, 4:60] = torch.nan
        packed = ComplementaryMask(seed=0)(packed)
        for m, image in packed['inputs'].items():
            inputs[m].append(image)
        samples.append(packed['data_samples'])
    return dict(inputs=inputs, data_samples=samples)


def losses(model, data):
    return model(**model.data_preprocessor(data, True), mode='loss')


@pytest.mark.parametrize('network', NETWORKS)
@pytest.mark.parametrize('names', [('opt', 'sar'), ('sar', 'dem', 'opt')])
def test_every_parameter_learns(network, names):
    model = build(network(names), names).train()
    terms = losses(model, batch(names=names))
    assert set(terms) == {f'loss_{m}' for m in names}
    model.parse_losses(terms)[0].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert model.reconstruction.weight.grad.abs().sum() > 0
    assert model.reconstruction.out_channels == sum(BANDS[m] for m in names)


@pytest.mark.parametrize('network', NETWORKS)
def test_hidden_input_does_not_reach_the_prediction(network):
    model = build(network()).eval()
    data = model.data_preprocessor(batch())
    inputs, samples = data['inputs'], data['data_samples']
    hidden = torch.stack([s.hidden.opt for s in samples])
    mask = hidden.repeat_interleave(4, 2).repeat_interleave(4, 3)
    masks = dict(opt=hidden, sar=1 - hidden)
    with torch.no_grad():
        first = model.reconstruct(inputs, masks)
        changed = dict(inputs, opt=inputs['opt'] + 5 * mask)
        second = model.reconstruct(changed, masks)
        torch.testing.assert_close(second['opt'], first['opt'])
        changed = dict(inputs, opt=inputs['opt'] + 5 * (1 - mask))
        third = model.reconstruct(changed, masks)
    assert not torch.allclose(third['sar'], first['sar'])


def test_targets_of_visible_and_invalid_pixels_do_not_matter():
    """The loss looks at hidden, valid pixels of the input only."""
    model = build(convolutional()).eval()
    data = model.data_preprocessor(batch(hole=True), True)
    samples = data['data_samples']
    predictions = {
        m: torch.zeros_like(x, requires_grad=True)
        for m, x in data['inputs'].items()
    }
    model.reconstruct = lambda inputs, hidden: predictions
    sum(model.loss(**data).values()).backward()
    for name, prediction in predictions.items():
        for i, sample in enumerate(samples):
            mask = getattr(sample.hidden, name).bool()
            mask = mask.repeat_interleave(4, 1).repeat_interleave(4, 2)
            counted = mask & getattr(sample.valid, name)
            moved = prediction.grad[i].ne(0).all(dim=0, keepdim=True)
            assert torch.equal(moved, counted)
    assert not samples[0].valid.opt.all()


def test_an_absent_modality_teaches_nothing():
    model = build(convolutional()).train()
    data = batch()
    for image in data['inputs']['sar']:
        image[:] = torch.nan
    for i, sample in enumerate(data['data_samples']):
        sample.set_metainfo(dict(present_modalities=('opt',)))
        packed = dict(
            inputs={m: x[i] for m, x in data['inputs'].items()},
            data_samples=sample,
        )
        ComplementaryMask(seed=0)(packed)
    terms = losses(model, data)
    assert terms['loss_sar'] == 0 and terms['loss_opt'] > 0


@pytest.mark.parametrize('network', NETWORKS)
def test_predicts_at_the_size_of_each_image(network):
    model = build(network()).eval()
    sizes = ((64, 50), (37, 64))
    with torch.no_grad():
        results = model.val_step(batch(sizes))
    for sample, size in zip(results, sizes, strict=True):
        for m in ('opt', 'sar'):
            shape = (BANDS[m], *size)
            assert getattr(sample.reconstruction, m).shape == shape
            assert getattr(sample.target, m).shape == shape
            assert getattr(sample.counted, m).shape == (1, *size)
        both = sample.counted.opt ^ sample.counted.sar
        assert both.all()  # complementary, and everything is valid


def test_padding_is_not_learned():
    model = build(convolutional()).eval()
    sizes = ((64, 64), (32, 40))
    data = model.data_preprocessor(batch(sizes), True)
    valid = model._gather(data['inputs'], data['data_samples'], 'valid')
    assert valid['opt'].shape == (2, 1, 64, 64)
    assert valid['opt'][1].sum() == 32 * 40


@pytest.mark.parametrize('network', NETWORKS)
def test_a_segmentor_takes_everything_but_the_classifier(network):
    pretrained = build(network()).state_dict()
    segmentor = build(network(), kind='MultiModalEncoderDecoder')
    report = transfer(pretrained, segmentor, 'test')
    classifier = {
        k for k in segmentor.state_dict() if k.startswith('decode_head.conv_s')
    }
    assert set(report.missing) == classifier and classifier
    assert set(report.unused) == {
        k for k in pretrained if k.startswith('reconstruction.')
    }
    state = segmentor.state_dict()
    for key in report.loaded:
        assert torch.equal(state[key], pretrained[key]), key
    assert len(report.loaded) + len(classifier) == len(state)


def test_the_config_of_a_segmentor_is_enough():
    """Modality heads may stand there; they are not built."""
    parts = convolutional()
    head = dict(
        type='FCNHead', in_channels=8, in_index=0, channels=8, num_classes=5
    )
    model = build(
        parts,
        modality_heads=dict(opt=head),
        auxiliary_head=head,
        train_cfg={},
        test_cfg=dict(mode='whole'),
    )
    assert not any('aux' in k or 'modality' in k for k in model.state_dict())


def test_a_single_modality_needs_no_neck():
    parts = convolutional(('opt',))
    parts['neck'] = None
    model = build(parts, ('opt',)).train()
    data = batch(names=('opt', 'sar'))
    data['inputs'].pop('sar')
    assert losses(model, data)['loss_opt'] > 0
    parts = convolutional()
    parts['neck'] = None
    with pytest.raises(ValueError, match='no neck that fuses them'):
        losses(build(parts), batch())


def test_what_is_missing_is_named():
    model = build(convolutional()).train()
    data = batch()
    for sample in data['data_samples']:
        del sample.hidden
    with pytest.raises(KeyError, match='ComplementaryMask the last trans'):
        losses(model, data)
    data = batch()
    for sample in data['data_samples']:
        sample.hidden = PixelData(opt=sample.hidden.opt)
    with pytest.raises(KeyError, match=r"no masks for \['sar'\]"):
        losses(model, data)
    with pytest.raises(KeyError, match=r"no input for \['sar'\]"):
        model(dict(opt=torch.rand(1, 3, 32, 32)))
    with pytest.raises(KeyError, match=r"the backbone reads \['dem'\]"):
        build(convolutional(('opt', 'dem')), ('opt', 'sar'))


class Mixing(MultiModalBackbone):
    """As CMNeXt, whose second argument says what is there."""

    def forward(self, inputs, presence=None):
        return dict(fused=(sum(inputs.values()),))


def test_a_backbone_that_takes_no_masks_is_refused():
    """It would have seen what it has to reconstruct."""
    parts = dict(backbone=dict(type=Mixing, modalities=('opt', 'sar')))
    parts['decode_head'] = convolutional()['decode_head']
    with pytest.raises(ValueError, match='Mixing takes no `masks`'):
        build(parts)


def test_a_head_without_classifier_is_refused():
    parts = convolutional()
    parts['decode_head'] = dict(
        type='SegmenterMaskTransformerHead',
        in_channels=8,
        channels=8,
        num_classes=5,
        num_layers=1,
        num_heads=1,
        embed_dims=8,
    )
    with pytest.raises(ValueError, match='must end in a convolution'):
        build(parts)
