"""The network around region-wise queries: what is missing, losses, sizes."""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from helpers import ROOT

FOLDER = 'configs/df2rq'
DATA = 'r18_1xb8-15e_simulated-128x128.py'
BANDS = dict(opt=4, sar=2)


def build(variant='df2rq', **neck):
    config = Config.fromfile(ROOT / FOLDER / f'{variant}_{DATA}').model
    config.neck.update(neck)
    return MODELS.build(config)


def images(size=(48, 32), batch=2):
    return {m: torch.rand(batch, c, *size) for m, c in BANDS.items()}


def samples(present, size=(48, 32)):
    result = []
    for names in present:
        label = torch.randint(0, 8, (1, *size))
        sample = SegDataSample(gt_sem_seg=PixelData(data=label))
        meta = dict(ori_shape=size, img_shape=size)
        sample.set_metainfo(dict(meta, present_modalities=names))
        result.append(sample)
    return result


def moved(model):
    """Away from the start, where all weights are equal."""
    for parameter in model.neck.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@torch.no_grad()
def test_what_is_missing_reaches_the_neck():
    """It is not a black image that is weighed as any other."""
    model, inputs = moved(build()).eval(), images()
    seen = []
    model.neck.register_forward_pre_hook(
        lambda _, arguments: seen.append(arguments[1])
    )
    model.encode_decode(inputs, [{}, {}])
    assert seen.pop() is None
    metas = [dict(present_modalities=m) for m in (('opt',), ('opt', 'sar'))]
    mixed = model.encode_decode(inputs, metas)
    assert len(seen) == 2 and seen.pop() is None
    alone = seen.pop()
    assert alone['opt'].tolist() == [True]
    assert alone['sar'].tolist() == [False]
    # As if SAR had never been there, whatever its image.
    noise = dict(inputs, sar=torch.randn_like(inputs['sar']))
    again = model.encode_decode(noise, metas)
    torch.testing.assert_close(mixed[0], again[0])
    only = model.encode_decode(
        {m: x[:1] for m, x in inputs.items() if m == 'opt'}, [{}]
    )
    torch.testing.assert_close(mixed[:1], only, rtol=1e-4, atol=1e-4)


def test_losses_of_a_batch_with_missing_modalities():
    """Its missing image acts on no weight of the neck for that sample."""
    model, inputs = moved(build()), images()
    model.eval()  # batch norm would let samples see each other
    truth = samples([('opt',), ('opt', 'sar')])
    loss = model.loss(inputs, truth)['decode.loss_ce']
    other = {m: x.clone() for m, x in inputs.items()}
    other['sar'][0] = torch.randn_like(other['sar'][0])
    again = model.loss(other, truth)['decode.loss_ce']
    torch.testing.assert_close(loss, again)
    other['sar'][1] = torch.randn_like(other['sar'][1])
    assert loss != model.loss(other, truth)['decode.loss_ce']


def test_a_sample_without_any_modality_is_named():
    with pytest.raises(ValueError, match='at least one of'):
        build().loss(images(), samples([(), ('opt', 'sar')]))


@pytest.mark.parametrize(
    'variant, terms',
    [
        ('df2rq', set()),
        ('df2rq-class', {'opt.loss_class', 'sar.loss_class'}),
        (
            'df2rq-evidence',
            {'loss_evidence', 'loss_weights', 'loss_balance'},
        ),
    ],
)
def test_losses_of_the_neck(variant, terms):
    model = build(variant)
    truth = samples([('opt',), ('opt', 'sar')])
    losses = model.loss(images(), truth)
    expected = {f'neck.level{i}.{t}' for i in (0, 1) for t in terms}
    assert {k for k in losses if k.startswith('neck.')} == expected
    total, log = model.parse_losses(losses)
    assert total.isfinite() and expected <= set(log)


def test_classes_of_the_neck_come_from_the_declaration():
    model = build('df2rq-class')
    assert model.neck.levels[0].classifiers['opt'].out_features == 8
    with pytest.raises(ValueError, match='neck: the config states num_class'):
        build('df2rq-class', num_classes=7)


@pytest.mark.parametrize('size', [(37, 50), (16, 96)])
@torch.no_grad()
def test_any_size(size):
    model = moved(build()).eval()
    logits = model.encode_decode(images(size), [{}, {}])
    assert logits.shape == (2, 8, *size)


@torch.no_grad()
def test_necks_behind_it_get_the_fused_maps():
    config = Config.fromfile(ROOT / FOLDER / f'df2rq_{DATA}').model
    behind = dict(
        type='FPN', in_channels=[64, 512], out_channels=16, num_outs=2
    )
    config.neck = [config.neck, behind]
    config.decode_head.update(in_channels=(16, 16))
    model = moved(MODELS.build(config)).eval()
    inputs = images()
    names = [dict(present_modalities=('sar',))] * 2
    assert model.encode_decode(inputs, names).shape == (2, 8, 48, 32)
    pyramids = model.backbone(inputs)
    presence = model.presence([('sar',)] * 2, inputs)
    expected = model.neck[1](model.neck[0](pyramids, presence))
    for y, z in zip(model.fuse(pyramids, presence), expected, strict=True):
        assert torch.equal(y, z)
