"""Stems per modality, one encoder or several."""

import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_gradients_reach

BANDS = dict(opt=4, sar=2, dem=1)
VIT = dict(
    type='VisionTransformer',
    img_size=(32, 32),
    patch_size=8,
    embed_dims=16,
    num_layers=2,
    num_heads=2,
    out_indices=(0, 1),
)


def build(share_weights=True, **changes):
    return MODELS.build(
        dict(
            type='StemmedBackbones',
            modalities=tuple(BANDS),
            in_channels=BANDS,
            share_weights=share_weights,
            stem_channels=(6, 8),
            encoder=VIT,
        )
        | changes
    )


def images(size=(32, 40), batch=2):
    return {
        m: torch.randn(batch, c, *size, requires_grad=True)
        for m, c in BANDS.items()
    }


@pytest.mark.parametrize('share_weights', [True, False])
@pytest.mark.parametrize(
    'size, batch', [((32, 32), 2), ((30, 43), 1), ((8, 64), 2)]
)
def test_shapes(share_weights, size, batch):
    features = build(share_weights).eval()(images(size, batch))
    assert list(features) == list(BANDS)
    height, width = (-(-n // 8) for n in size)
    for pyramid in features.values():
        shapes = [tuple(x.shape) for x in pyramid]
        assert shapes == [(batch, 16, height, width)] * 2


@pytest.mark.parametrize('share_weights', [True, False])
def test_gradients_reach_every_parameter_and_modality(share_weights):
    backbone, inputs = build(share_weights), images()
    assert_gradients_reach(backbone(inputs), backbone, inputs)


def test_one_set_of_weights_or_several():
    shared, several = build(), build(False)
    assert list(shared.encoders) == ['shared']
    assert list(several.encoders) == list(BANDS)

    def count(backbone):
        return sum(p.numel() for p in backbone.encoders.parameters())

    assert count(several) == 3 * count(shared)


@pytest.mark.parametrize('share_weights', [True, False])
@torch.no_grad()
def test_modalities_do_not_see_each_other(share_weights):
    backbone, inputs = build(share_weights).eval(), images()
    everything = backbone(inputs)
    alone = backbone(dict(sar=inputs['sar']))
    assert list(alone) == ['sar']
    for x, y in zip(everything['sar'], alone['sar'], strict=True):
        torch.testing.assert_close(x, y)


@pytest.mark.parametrize('share_weights', [True, False])
def test_initialisation_reaches_the_encoders(share_weights):
    """In the authors' code separate encoders have no initial position."""
    backbone = build(share_weights)
    for encoder in backbone.encoders.values():
        assert (encoder.pos_embed == 0).all()
    backbone.init_weights()
    for encoder in backbone.encoders.values():
        assert encoder.pos_embed.std().item() == pytest.approx(0.02, rel=0.3)
        assert encoder.layers[0].attn.attn.out_proj.bias.abs().max() == 0
    for stem in backbone.stems.values():
        weight = stem[1].conv.weight
        expected = (2 / weight.shape[0]) ** 0.5  # Kaiming, fan out
        assert weight.std().item() == pytest.approx(expected, rel=0.4)


@pytest.mark.parametrize('share_weights', [True, False])
def test_pretrained_weights_reach_the_encoders(share_weights, tmp_path):
    pretrained = MODELS.build(dict(VIT, in_channels=3, img_size=(64, 64)))
    pretrained.init_weights()
    torch.save(pretrained.state_dict(), tmp_path / 'vit.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'vit.pth'))
    backbone = build(share_weights, encoder=dict(VIT, init_cfg=init_cfg))
    backbone.init_weights()
    expected = pretrained.layers.state_dict()
    grid = pretrained.resize_pos_embed(
        pretrained.pos_embed, (4, 4), (8, 8), 'bicubic'
    )
    for encoder in backbone.encoders.values():
        for key, value in encoder.layers.state_dict().items():
            assert torch.equal(value, expected[key]), key
        assert torch.equal(encoder.cls_token, pretrained.cls_token)
        torch.testing.assert_close(encoder.pos_embed, grid)


@pytest.mark.parametrize('option', [dict(bands=[*'RGB']), dict(stem='reset')])
def test_how_bands_are_fitted_is_no_option_behind_a_stem(option):
    start = dict(type='Pretrained', checkpoint='vit.pth', **option)
    (name,) = option
    message = rf"StemmedBackbones: encoder.init_cfg: \['{name}'\]"
    with pytest.raises(ValueError, match=message):
        build(encoder=dict(VIT, init_cfg=start))
    with pytest.raises(
        ValueError, match=rf"Backbones: init_cfg: \['{name}'\]"
    ):
        build(init_cfg=start)


def test_a_wider_stem_keeps_the_size():
    backbone = build(stem_kernel_size=3)
    assert backbone.stems['opt'](torch.rand(2, 4, 9, 7)).shape == (2, 8, 9, 7)


@torch.no_grad()
def test_evaluation_is_a_method_that_returns_itself():
    backbone, inputs = build(), images()
    assert backbone.eval() is backbone
    first, second = backbone(inputs), backbone(inputs)
    assert torch.equal(first['opt'][1], second['opt'][1])


def test_misuse_is_named():
    with pytest.raises(KeyError, match=r"no stem for \['hsi'\]"):
        build()(dict(hsi=torch.rand(1, 9, 32, 32)))
    with pytest.raises(ValueError, match='must be odd'):
        build(stem_kernel_size=2)
