"""V-FuseNet: VGG encoders, a virtual encoder, SegNet's decoder."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import assert_gradients_reach
from model_bases import build, count_parameters, fused, images, logits
from multimodal_rs.models.backbones.vgg_encoder import VGGEncoder
from multimodal_rs.models.necks.v_fusenet_neck import VFuseNetNeck, unpool
from multimodal_rs.weights.pretrained import load_pretrained

# Where torchvision's vgg16_bn has its convolutions.
CONVOLUTIONS = (0, 3, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40)
WIDTHS, DEPTHS = (4, 6, 8), (2, 2, 3)


def small(fusion, bands):
    encoders = nn.ModuleDict(
        {m: VGGEncoder(n, WIDTHS, DEPTHS) for m, n in bands.items()}
    )
    neck = VFuseNetNeck(tuple(bands), WIDTHS, DEPTHS, fusion)
    return encoders, neck


@pytest.mark.parametrize(
    'fusion, millions', [('sum', 58.97), ('residual', 59.07)]
)
def test_parameters(fusion, millions):
    changes = dict(neck=dict(fusion=fusion))
    number = count_parameters('v-fusenet_vgg16', changes=changes)
    assert number == pytest.approx(millions * 1e6, rel=0.001)


def test_encoders_have_the_names_of_torchvision(tmp_path):
    widths = (2, 2, 2, 2, 2)
    rgb, radar = VGGEncoder(3, widths), VGGEncoder(1, widths)
    kinds = {k.rpartition('.')[0] for k, v in rgb.state_dict().items()}
    assert kinds == {f'features.{i + j}' for i in CONVOLUTIONS for j in (0, 1)}
    classifier = {'classifier.0.weight': torch.zeros(2, 2)}
    torch.save({**rgb.state_dict(), **classifier}, tmp_path / 'vgg.pth')
    report = load_pretrained(radar, str(tmp_path / 'vgg.pth'))
    assert report.adapted == ['features.0.weight (3 to 1 input bands)']
    assert not report.missing and report.unused == ['classifier.0.weight']


@pytest.mark.parametrize('size, batch', [((64, 32), 2), ((45, 22), 1)])
@torch.no_grad()
def test_shapes(size, batch):
    model, inputs = build('v-fusenet_vgg16-xs').eval(), images(size, batch)
    maps = model.backbone(inputs)['sar']
    cells = [tuple(-(-n // 2**i) for n in size) for i in range(5)]
    assert [tuple(m.shape[2:]) for m in maps] == cells
    (decoded,) = model.extract_feat(inputs)
    assert decoded.shape == (batch, 16, *size)
    answer = logits(model, inputs)
    assert answer.shape == (batch, 8, *size)
    assert torch.equal(answer, logits(model, inputs))


@pytest.mark.parametrize('fusion', ['sum', 'residual'])
@pytest.mark.parametrize('third', [{}, dict(dem=1)])
def test_gradients_reach_all_encoders_and_inputs(fusion, third):
    bands = dict(opt=3, sar=2, **third)
    encoders, neck = small(fusion, bands)
    inputs = images((20, 13), bands=bands)
    maps = {m: encoder(inputs[m]) for m, encoder in encoders.items()}
    (out,) = neck(maps)
    assert out.shape == (2, 4, 20, 13)
    assert_gradients_reach(out, nn.ModuleList([encoders, neck]), inputs)


def test_unpooling_undoes_pooling():
    x = torch.zeros(1, 2, 5, 7)
    x[..., ::2, ::2] = torch.rand(1, 2, 3, 4) + 1
    pooled, positions = functional.max_pool2d(
        x, 2, ceil_mode=True, return_indices=True
    )
    assert torch.equal(unpool(pooled, positions, (5, 7)), x)


@torch.no_grad()
def test_without_the_second_encoder_a_segnet_is_left():
    """Of one sensor, and not of its black image: the weights are zero."""
    model, inputs = build('v-fusenet_vgg16-xs').eval(), images()
    for parameter in model.backbone.branches.sar.parameters():
        parameter.zero_()
    answer = fused(model, inputs)
    other = {**inputs, 'sar': torch.randn_like(inputs['sar'])}
    assert torch.equal(answer, fused(model, other))
    other = {**inputs, 'opt': torch.randn_like(inputs['opt'])}
    assert (answer - fused(model, other)).abs().amax() > 1e-3


@torch.no_grad()
def test_the_decoder_is_a_chain_from_the_deepest_stage():
    encoders, neck = small('sum', dict(opt=3, sar=2))
    neck.eval()
    maps = {
        m: [*encoders[m].eval()(image)]
        for m, image in images((16, 16)).items()
    }
    (before,) = neck(maps)
    maps['sar'][-1] = maps['sar'][-1] + 5 * torch.rand_like(maps['sar'][-1])
    (after,) = neck(maps)
    assert (before - after).abs().amax() > 1e-3


@torch.no_grad()
def test_stages_by_their_formulas():
    maps = dict(opt=[], sar=[])
    for i, width in enumerate(WIDTHS):
        for pyramid in maps.values():
            pyramid.append(torch.rand(1, width, 8 // 2**i, 8 // 2**i))
    stages = list(zip(*maps.values(), strict=True))

    def pool(x):
        return functional.max_pool2d(x, 2)

    neck = VFuseNetNeck(('opt', 'sar'), WIDTHS, DEPTHS).eval()
    total = neck.encoder[0](torch.cat(stages[0], 1)) + sum(stages[0])
    for stage, of_stage in zip(neck.encoder[1:], stages[1:], strict=True):
        total = stage(pool(total)) + sum(of_stage)
    torch.testing.assert_close(neck.encode(stages)[0], pool(total))

    neck = VFuseNetNeck(('opt', 'sar'), WIDTHS, DEPTHS, 'residual').eval()
    virtual = neck.encoder[0](torch.cat(stages[0], 1))
    for stage, of_stage in zip(neck.encoder[1:], stages[1:], strict=True):
        virtual = stage(torch.cat([pool(virtual), *of_stage], 1))
    total = virtual + sum(stages[-1]) / 2
    torch.testing.assert_close(neck.encode(stages)[0], pool(total))


def test_misuse_is_named():
    with pytest.raises(ValueError, match="fusion must be 'sum' or 'residual'"):
        VFuseNetNeck(('opt', 'sar'), fusion='mean')
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        VFuseNetNeck(('opt', 'sar'), WIDTHS, DEPTHS)(dict(opt=()))
