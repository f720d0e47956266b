"""CMX and CMNeXt started from a file for more bands than three."""

import pytest
import torch
from mmseg.models.backbones import MixVisionTransformer
from mmseg.registry import MODELS

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.models.declaration import with_bands
from multimodal_rs.weights.band_order import BAND_ORDERS

S2 = list(BAND_ORDERS['sentinel-2'])
STEM = 'layers.0.0.projection.weight'
RGB, RED_EDGE, VV_VH = ['B04', 'B03', 'B02'], ['B5', 'B6', 'B7'], ['VV', 'VH']


@pytest.fixture
def sentinel2(tmp_path):
    """A Mix Transformer in mmseg's layout, for the 13 bands in their order."""
    mit = MixVisionTransformer(
        in_channels=13,
        embed_dims=32,
        num_layers=[2, 2, 2, 2],
        num_heads=[1, 2, 5, 8],
    )
    path = tmp_path / 'mit_b0_s2.pth'
    torch.save(dict(state_dict=mit.state_dict()), path)
    return str(path), mit.state_dict()


def build(kind, path, images, **options):
    """A backbone for images with names for their bands, not initialised."""
    declared = {
        m: dict(bands=bands, file_bands=bands) for m, bands in images.items()
    }
    start = dict(type='Pretrained', checkpoint=path, **options)
    config = dict(type=kind, arch='b0', init_cfg=start)
    return MODELS.build(with_bands(config, build_modalities(declared)))


def first_weights(backbone):
    """Of the first convolution of every modality or embedding."""
    if hasattr(backbone, 'encoders'):
        return [e.state_dict()[STEM] for e in backbone.encoders]
    main = backbone.encoder.state_dict()[STEM]
    return [main, *(c.weight for c in backbone.embeddings[0].convolutions)]


@pytest.mark.parametrize('kind', ['CMX', 'CMNeXt'])
def test_two_dates_of_one_sensor(sentinel2, kind):
    path, state = sentinel2
    images = dict(before=S2, after=S2)
    backbone = build(kind, path, images, bands='sentinel-2')
    backbone.init_weights()
    weights = first_weights(backbone)
    assert len(weights) == 2
    assert all(torch.equal(weight, state[STEM]) for weight in weights)


@pytest.mark.parametrize('kind', ['CMX', 'CMNeXt'])
def test_every_band_gets_the_weights_of_its_name(sentinel2, kind):
    path, state = sentinel2
    images = dict(opt=RGB, infrared=['B8', 'B8A'])
    options = dict(bands='sentinel-2', stem='by_name')
    backbone = build(kind, path, images, **options)
    backbone.init_weights()
    opt, infrared = first_weights(backbone)
    assert torch.equal(opt, state[STEM][:, [3, 2, 1]])
    assert torch.equal(infrared, state[STEM][:, [7, 8]])


@pytest.mark.parametrize('kind', ['CMX', 'CMNeXt'])
def test_a_modality_with_other_bands_is_refused(sentinel2, kind):
    path, _ = sentinel2
    backbone = build(kind, path, dict(opt=S2, sar=VV_VH), bands='sentinel-2')
    message = r"\(sar e\w+\): .* lack \['VV', 'VH'\]"
    with pytest.raises(ValueError, match=message):
        backbone.init_weights()
    order = [S2[1], S2[0], *S2[2:]]
    backbone = build(kind, path, dict(a=S2, b=order), bands='sentinel-2')
    message = r'\(b e\w+\): .*position 0: B2 instead of B1'
    with pytest.raises(ValueError, match=message):
        backbone.init_weights()


def test_extra_modalities_that_share_an_embedding(sentinel2):
    """Those with equally many bands do; they have to be the same bands."""
    path, state = sentinel2
    options = dict(bands='sentinel-2', stem='by_name')
    images = dict(opt=S2, before=RGB, after=RGB)
    backbone = build('CMNeXt', path, images, **options)
    backbone.init_weights()
    _, shared = first_weights(backbone)
    assert torch.equal(shared, state[STEM][:, [3, 2, 1]])
    images = dict(opt=S2, before=RGB, edge=RED_EDGE)
    backbone = build('CMNeXt', path, images, **options)
    with pytest.raises(ValueError, match='edge and before .* one embedding'):
        backbone.init_weights()


@pytest.mark.parametrize('kind', ['CMX', 'CMNeXt'])
def test_what_nobody_says_is_asked_for(sentinel2, kind):
    path, _ = sentinel2
    images = dict(before=S2, after=S2)
    with pytest.raises(ValueError, match='before encoder.*nobody says which'):
        build(kind, path, images).init_weights()
    backbone = build(kind, path, dict(before=S2, after=S2[:12]), bands=S2)
    message = r'\(after e\w+\): .*12 instead of 13'
    with pytest.raises(ValueError, match=message):
        backbone.init_weights()
    with pytest.raises(ValueError, match=rf"{kind}: .* options \['band'\]"):
        build(kind, path, images, band='sentinel-2').init_weights()
    declared = build_modalities({m: dict(bands=list(range(13))) for m in 'ab'})
    start = dict(type='Pretrained', checkpoint=path, bands='sentinel-2')
    config = dict(type=kind, arch='b0', init_cfg=start)
    backbone = MODELS.build(with_bands(config, declared))
    with pytest.raises(ValueError, match='a encoder.*does not name'):
        backbone.init_weights()
