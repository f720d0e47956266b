import pytest
import torch
from mmseg.models.backbones import MixVisionTransformer
from mmseg.registry import MODELS

from helpers import assert_gradients_reach
from multimodal_rs.models.layers.feature_fusion import (
    FeatureFusion,
    TokenExchange,
)
from multimodal_rs.models.layers.feature_rectification import (
    FeatureRectification,
)
from multimodal_rs.weights.stems import adapt_stem

TWO = dict(opt=4, sar=2)
FOUR = dict(opt=4, sar=2, dem=1, sar_before=2)
NETWORKS = [('CMX', TWO), ('CMNeXt', TWO), ('CMNeXt', FOUR)]


def build(kind, bands, **changes):
    config = dict(
        type=kind, modalities=list(bands), in_channels=bands, arch='b0'
    )
    return MODELS.build(config | changes)


def images(bands, size=(45, 70), batch=2):
    return {
        m: torch.randn(batch, c, *size, requires_grad=True)
        for m, c in bands.items()
    }


def presence(**rows):
    return {m: torch.tensor(row, dtype=torch.bool) for m, row in rows.items()}


@pytest.mark.parametrize('kind, bands', NETWORKS)
def test_shapes_and_gradients(kind, bands):
    torch.manual_seed(0)
    backbone = build(kind, bands).train()
    inputs = images(bands)
    (pyramid,) = backbone(inputs).values()
    assert [tuple(x.shape) for x in pyramid] == [
        (2, 32, 12, 18),
        (2, 64, 6, 9),
        (2, 160, 3, 5),
        (2, 256, 2, 3),
    ]
    assert_gradients_reach(pyramid, backbone, inputs)


@pytest.mark.parametrize('kind', ['CMX', 'CMNeXt'])
@torch.no_grad()
def test_eval_is_repeatable_and_one_sample_is_a_batch(kind):
    backbone = build(kind, TWO).eval()
    inputs = images(TWO)
    first = backbone(inputs)['fused']
    alone = backbone({m: x[1:] for m, x in inputs.items()})['fused']
    for x, y in zip(first, alone, strict=True):
        torch.testing.assert_close(x[1:], y, rtol=0, atol=1e-5)
    again = backbone(inputs)['fused']
    assert all(map(torch.equal, first, again))


@torch.no_grad()
def test_a_missing_modality_has_no_influence():
    """It is left out of the maximum, of each sample on its own."""
    bands = dict(opt=4, sar=2, dem=1)
    backbone = build('CMNeXt', bands).eval()
    inputs = images(bands)
    other = dict(inputs, dem=torch.randn(2, 1, 45, 70))
    there = presence(opt=[1, 1], sar=[1, 1], dem=[1, 0])
    for x, y in zip(
        backbone(inputs, there)['fused'],
        backbone(other, there)['fused'],
        strict=True,
    ):
        torch.testing.assert_close(x[1], y[1], rtol=0, atol=0)
        assert (x[0] - y[0]).abs().max() > 1e-3
    only_black = build('CMNeXt', bands, leave_out_missing=False)
    assert backbone.uses_presence and not only_black.uses_presence


@torch.no_grad()
def test_without_any_extra_modality_their_images_count():
    bands = dict(opt=4, sar=2, dem=1)
    backbone = build('CMNeXt', bands).eval()
    inputs = images(bands)
    nothing = presence(opt=[1, 1], sar=[0, 0], dem=[0, 0])
    expected = backbone(inputs)['fused']
    assert all(map(torch.equal, backbone(inputs, nothing)['fused'], expected))


@torch.no_grad()
def test_the_order_of_the_release_is_a_value():
    bands = dict(opt=4, sar=2, dem=1)
    backbone = build('CMNeXt', bands).eval()
    straight = build('CMNeXt', bands, as_released=False).eval()
    straight.load_state_dict(backbone.state_dict())
    inputs = images(bands)
    released, plain = (b(inputs)['fused'] for b in (backbone, straight))
    torch.testing.assert_close(released[0], plain[0])
    assert (released[1] - plain[1]).abs().max() > 1e-3


def test_equal_bands_share_an_embedding():
    shapes = [
        tuple(c.weight.shape)
        for c in build('CMNeXt', FOUR).embeddings[0].convolutions
    ]
    assert shapes == [(32, 2, 7, 7), (32, 1, 7, 7)]


@torch.no_grad()
def test_fusion_has_no_order_of_pixels():
    """Before the depthwise convolution: flipped maps give a flipped one."""
    fusion = FeatureFusion(16, 2).eval()
    fusion.mix[1].weight.zero_()
    maps = torch.randn(2, 1, 16, 5, 7)
    fused = fusion(*maps)
    flipped = fusion(*(x.flip(-1) for x in maps))
    torch.testing.assert_close(flipped, fused.flip(-1))


@torch.no_grad()
def test_a_large_image_in_half_precision():
    """The context sums up the pixels: here 70,000 times one."""
    side, pixels = TokenExchange(8, 2), torch.ones(1, 70_000, 8)
    side.key_value.weight.fill_(1 / 8)
    expected = side.context(pixels)
    torch.testing.assert_close(expected, torch.full((1, 2, 4, 4), 0.25))
    with torch.autocast('cpu', torch.float16):
        assert torch.equal(side.context(pixels), expected)
    half = side.half().context(pixels.half())
    assert torch.equal(half, expected.half())


@torch.no_grad()
def test_rectification_adds_the_weighted_other():
    module = FeatureRectification(8)
    for part in (module.channel_weights[-2], module.pixel_weights[-2]):
        part.weight.zero_()
        part.bias.copy_(torch.linspace(-1, 1, len(part.bias)))
    first, second = torch.randn(2, 1, 8, 5, 7)
    c = torch.linspace(-1, 1, 16).sigmoid()[:, None, None]
    s = torch.tensor([-1.0, 1.0]).sigmoid()
    got = module(first, second)
    expected = first + 0.5 * c[8:] * second + 0.5 * s[1] * second
    torch.testing.assert_close(got[0], expected)
    expected = second + 0.5 * c[:8] * first + 0.5 * s[0] * first
    torch.testing.assert_close(got[1], expected)


@pytest.fixture
def published(tmp_path):
    """A Mix Transformer in mmseg's layout."""
    mit = MixVisionTransformer(
        embed_dims=32, num_layers=[2, 2, 2, 2], num_heads=[1, 2, 5, 8]
    )
    for parameter in mit.parameters():
        torch.nn.init.normal_(parameter)
    path = tmp_path / 'mit_b0.pth'
    torch.save(dict(state_dict=mit.state_dict()), path)
    return path, mit.state_dict()


STEM = 'layers.0.0.projection.weight'
BLOCK = 'layers.3.1.1.attn.attn.in_proj_weight'


def test_pretrained_weights_reach_both_encoders(published):
    path, state = published
    config = dict(type='Pretrained', checkpoint=str(path))
    backbone = build('CMX', TWO, init_cfg=config)
    backbone.init_weights()
    for encoder, bands in zip(backbone.encoders, TWO.values(), strict=True):
        loaded = encoder.state_dict()
        assert torch.equal(loaded[BLOCK], state[BLOCK])
        assert torch.equal(loaded[STEM], adapt_stem(state[STEM], bands))


def test_pretrained_weights_reach_all_embeddings(published):
    path, state = published
    config = dict(type='Pretrained', checkpoint=str(path), stem='extend')
    backbone = build('CMNeXt', FOUR, init_cfg=config)
    backbone.init_weights()
    loaded = backbone.encoder.state_dict()
    assert torch.equal(loaded[BLOCK], state[BLOCK])
    assert torch.equal(loaded[STEM], adapt_stem(state[STEM], 4, 'extend'))
    for convolution in backbone.embeddings[0].convolutions:
        fitted = adapt_stem(state[STEM], convolution.in_channels, 'extend')
        assert torch.equal(convolution.weight, fitted)
    (deep,) = backbone.embeddings[2].convolutions
    assert torch.equal(deep.weight, state['layers.2.0.projection.weight'])
    for norm in backbone.embeddings[2].norms:
        assert torch.equal(norm.bias, state['layers.2.0.norm.bias'])


def test_misuse_is_named():
    with pytest.raises(ValueError, match='CMX compares two modalities'):
        build('CMX', FOUR)
    with pytest.raises(ValueError, match='at least one other'):
        build('CMNeXt', dict(opt=3))
    with pytest.raises(ValueError, match="unknown arch 'b7'.*'b0'"):
        build('CMX', TWO, arch='b7')
    with pytest.raises(ValueError, match=r'sar is \(28, 40\).*29 x 29'):
        backbone = build('CMX', TWO).eval()
        sizes = dict(opt=(1, 4, 29, 40), sar=(1, 2, 28, 40))
        backbone({m: torch.randn(size) for m, size in sizes.items()})
    backbone(images(TWO, size=(29, 29), batch=1))
