"""Any encoder as a branch: built by config, started from its own files."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmseg.registry import MODELS

import multimodal_rs.weights.pretrained as pretrained_weights
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.models.declaration import with_bands
from multimodal_rs.weights.band_order import BAND_ORDERS
from multimodal_rs.weights.stems import adapt_stem, first_convolution
from other_encoders import import_mmpretrain

S2, S1 = BAND_ORDERS['sentinel-2'], BAND_ORDERS['sentinel-1']
RESNET50 = dict(
    type='ResNet',
    depth=50,
    base_channels=8,
    style='pytorch',
    norm_cfg=dict(type='BN'),
)
TWO_STEMS = dict(
    type='mmseg.BiSeNetV2', in_channels=2, norm_cfg=dict(type='BN')
)


def branch(config, bands, file_bands=None, name='opt'):
    """One branch for the bands of a declaration."""
    declared = dict(bands=list(bands), file_bands=file_bands or list(bands))
    modalities = build_modalities({name: declared})
    config = dict(type='ParallelBackbones', branches={name: config})
    return MODELS.build(with_bands(config, modalities))


@pytest.fixture
def reports(monkeypatch):
    messages = []
    monkeypatch.setattr(
        pretrained_weights, 'print_log', lambda text, _: messages.append(text)
    )
    return messages


@pytest.fixture
def torchgeo(tmp_path):
    """ResNet-50 files with torchvision's names and a band order each."""
    files = {}
    for order, number in (('sentinel-2', 13), ('sentinel-1', 2)):
        encoder = MODELS.build(dict(RESNET50, in_channels=number))
        state = encoder.state_dict()
        assert {'conv1.weight', 'layer1.0.downsample.0.weight'} <= {*state}
        state |= {'fc.weight': torch.zeros(9, 2), 'fc.bias': torch.zeros(9)}
        files[order] = tmp_path / f'{order}.pth'
        torch.save(state, files[order])
    return files


def started(file, **options):
    start = dict(type='Pretrained', checkpoint=str(file), **options)
    return dict(RESNET50, init_cfg=start)


@pytest.mark.parametrize(
    'order, bands', [('sentinel-2', S2), ('sentinel-1', S1)]
)
def test_torchgeo_in_its_order(torchgeo, reports, order, bands):
    config = started(torchgeo[order], bands=order)
    backbone = branch(config, bands)
    backbone.init_weights()
    state = torch.load(torchgeo[order])
    stem = backbone.branches['opt'].conv1.weight
    assert torch.equal(stem, state['conv1.weight'])
    assert '318 tensors loaded; 2 unused: fc.bias, fc.weight' in reports[0]
    (pyramid,) = backbone(
        dict(opt=torch.randn(1, len(bands), 64, 50))
    ).values()
    assert [x.shape[1] for x in pyramid] == [32, 64, 128, 256]


def test_the_order_of_the_image_counts_not_that_of_its_file(torchgeo, reports):
    """The declaration may read an alphabetical file in the right order."""
    config = started(torchgeo['sentinel-2'], bands='sentinel-2')
    backbone = branch(config, S2, file_bands=sorted(S2))
    backbone.init_weights()
    assert 'adapted' not in reports[0]


WRONG = [
    ([*S2[:7], 'B8A', 'B8', *S2[9:]], 'position 7: B8A instead of B8'),
    ([*S2[:12], 'B13'], r"lack \['B13'\]"),
    (['B4', 'B3', 'B2'], 'position 0: B4 instead of B1'),
    (S2[:12], '12 instead of 13'),
    (['VH', 'VV'], r"lack \['VH', 'VV'\]"),
]


@pytest.mark.parametrize('bands, message', WRONG)
def test_a_wrong_order_is_refused_by_name(torchgeo, bands, message):
    config = started(torchgeo['sentinel-2'], bands='sentinel-2')
    with pytest.raises(ValueError, match=f'opt branch.*{message}'):
        branch(config, bands).init_weights()


def test_polarisations_the_wrong_way_round(torchgeo):
    config = started(torchgeo['sentinel-1'], bands='sentinel-1')
    with pytest.raises(ValueError, match='sar branch.*VH instead of VV'):
        branch(config, ('VH', 'VV'), name='sar').init_weights()


def test_bands_by_name(torchgeo, reports):
    """Zeros in front of a number do not make another band."""
    config = started(
        torchgeo['sentinel-2'], bands='sentinel-2', stem='by_name'
    )
    bands = ['B04', 'B03', 'B02', 'B8A']
    backbone = branch(config, bands)
    backbone.init_weights()
    weight = torch.load(torchgeo['sentinel-2'])['conv1.weight']
    stem = backbone.branches['opt'].conv1.weight
    assert torch.equal(stem, weight[:, [3, 2, 1, 8]])
    expected = "conv1.weight (bands ['B4', 'B3', 'B2', 'B8A'] by name)"
    assert expected in reports[0]


class Summed(torch.nn.Module):
    """Two convolutions that read the image, as in RepVGG and MobileOne."""

    def __init__(self, bands):
        super().__init__()
        self.wide = torch.nn.Conv2d(bands, 4, 3, stride=2, padding=1)
        self.point = torch.nn.Conv2d(bands, 4, 1, stride=2)
        self.last = torch.nn.Conv2d(4, bands, 1)

    def forward(self, image):
        return self.last(self.wide(image) + self.point(image))


@pytest.mark.parametrize('bands', [['VH', 'VV'], ['VV', 'VH']])
def test_all_that_read_the_image_are_by_name(tmp_path, reports, bands):
    file, trained, started = tmp_path / 's1.pth', Summed(2), Summed(2)
    torch.save(trained.state_dict(), file)
    pretrained_weights.load_pretrained(
        *(started, str(file), None, 'by_name', 'sar', 'sentinel-1', bands)
    )
    image = torch.randn(1, 2, 6, 6)
    ours = image[:, [S1.index(b) for b in bands]]
    torch.testing.assert_close(started(ours), trained(image))
    changed = 0 if bands == list(S1) else 2
    assert reports[0].count('by name') == changed


def test_stems_apart_keep_the_order_of_the_file(tmp_path):
    """Nothing says whether the second one reads the image."""
    file, trained = tmp_path / 's1.pth', MODELS.build(TWO_STEMS)
    torch.save(trained.state_dict(), file)
    arguments = (str(file), None, 'by_name', 'sar', 'sentinel-1')
    pretrained_weights.load_pretrained(trained, *arguments, ['VV', 'VH'])
    message = "sar.*'semantic.stage1.conv_first.conv.weight'.*put `bands`"
    with pytest.raises(ValueError, match=message):
        pretrained_weights.load_pretrained(trained, *arguments, ['VH', 'VV'])


@pytest.mark.parametrize('bands', [['B04', 'B8A'], S2])
def test_a_backbone_around_another(torchgeo, reports, bands):
    """The inner one reads the image, and has the file."""
    options = dict(bands='sentinel-2', stem='by_name')
    inner = started(torchgeo['sentinel-2'], **options)
    config = dict(
        type='BiSeNetV1',
        backbone_cfg=inner,
        spatial_channels=(4, 4, 4, 8),
        context_channels=(8, 128, 256),
        out_channels=8,
    )
    backbone = branch(config, bands)
    backbone.init_weights()
    path = backbone.branches['opt'].context_path.backbone
    weight = torch.load(torchgeo['sentinel-2'])['conv1.weight']
    places = [3, 8] if len(bands) == 2 else list(range(13))
    assert torch.equal(path.conv1.weight, weight[:, places])
    assert len(reports) == 1 and 'opt branch' in reports[0]
    config['backbone_cfg'] = started(torchgeo['sentinel-2'], bands=bands[::-1])
    with pytest.raises(ValueError, match='opt branch'):
        branch(config, bands).init_weights()


def test_what_nobody_says_is_asked_for(torchgeo):
    file = torchgeo['sentinel-2']
    config = started(file)
    with pytest.raises(ValueError, match='reads 13 bands, and nobody says'):
        branch(config, S2).init_weights()
    config = started(file, bands='landsat')
    with pytest.raises(ValueError, match="'landsat' is no known order"):
        branch(config, S2).init_weights()
    config = started(file, bands='sentinel-1')
    with pytest.raises(ValueError, match='reads 13 bands, .* names 2'):
        branch(config, S2).init_weights()
    config = started(file, bands='sentinel-2')
    declared = build_modalities(dict(opt=dict(bands=list(range(13)))))
    parallel = dict(type='ParallelBackbones', branches=dict(opt=config))
    with pytest.raises(ValueError, match='this image does not name'):
        MODELS.build(with_bands(parallel, declared)).init_weights()


@pytest.mark.parametrize('bands', [S2, S2[:3]])
def test_a_rule_that_does_not_exist(torchgeo, bands):
    """Also where the bands agree, and no rule is needed."""
    file = torchgeo['sentinel-2']
    config = started(file, bands='sentinel-2', stem='byname')
    message = r"opt branch.*stem='byname' .*expected one of .*'by_name'\]"
    with pytest.raises(ValueError, match=message):
        branch(config, bands).init_weights()


def test_options_that_do_not_exist(torchgeo):
    config = started(torchgeo['sentinel-2'], band='sentinel-2')
    message = (
        r"opt branch: init_cfg with unknown options \['band'\], expected "
        r"`checkpoint` and .*\['prefix', 'stem', 'bands'\]"
    )
    with pytest.raises(ValueError, match=message):
        branch(config, S2).init_weights()
    config = dict(RESNET50, init_cfg=dict(type='Pretrained'))
    with pytest.raises(ValueError, match='opt branch: .* no checkpoint'):
        branch(config, S2).init_weights()


def test_an_encoder_that_returns_one_map():
    """mmseg's DDRNet does, after training."""
    backbone = branch(dict(type='DDRNet', channels=8), S2[:5]).eval()
    (pyramid,) = backbone(dict(opt=torch.randn(2, 5, 64, 64))).values()
    assert [tuple(x.shape) for x in pyramid] == [(2, 32, 8, 8)]


MMPRETRAIN = {
    'ConvNeXt': dict(
        type='mmpretrain.ConvNeXt',
        arch=dict(depths=[1, 1, 1, 1], channels=[8, 16, 24, 32]),
        out_indices=(0, 1, 2, 3),
        gap_before_final_norm=False,
    ),
    'MobileNetV3': dict(  # has no argument for the bands
        type='mmpretrain.MobileNetV3', arch='small_050', out_indices=(1, 3, 8)
    ),
}


@pytest.mark.parametrize('name', MMPRETRAIN)
def test_mmpretrain(name, tmp_path, reports):
    import_mmpretrain()
    config = MMPRETRAIN[name]
    with DefaultScope.overwrite_default_scope('mmseg'):
        rgb = MODELS.build(config)
        file = tmp_path / 'rgb.pth'
        state = {f'backbone.{k}': v for k, v in rgb.state_dict().items()}
        torch.save(dict(state_dict=state), file)
        start = dict(
            type='Pretrained', checkpoint=str(file), prefix='backbone'
        )
        backbone = branch(dict(config, init_cfg=start), S2[:5])
        backbone.init_weights()
    check_stem(backbone, rgb, 5, reports)


def test_pooled_features_are_refused():
    import_mmpretrain()
    pooled = {**MMPRETRAIN['ConvNeXt'], 'gap_before_final_norm': True}
    with DefaultScope.overwrite_default_scope('mmseg'):
        backbone = branch(pooled, S2[:5])
    with pytest.raises(ValueError, match='opt: .*gap_before_final_norm=False'):
        backbone(dict(opt=torch.randn(2, 5, 64, 64)))


# Names that stay, names with underscores, several stems, channels last.
TIMM = ['resnet18', 'convnext_atto', 'repvgg_a0', 'mambaout_femto']


@pytest.mark.parametrize('name', TIMM)
def test_timm(name, tmp_path, reports):
    timm = pytest.importorskip('timm', reason='timm is not installed')
    whole = timm.create_model(name, pretrained=False)
    file = tmp_path / 'rgb.pth'
    torch.save(whole.state_dict(), file)
    start = dict(type='Pretrained', checkpoint=str(file))
    config = dict(type='TIMMBackbone', model_name=name, pretrained=False)
    backbone = branch(dict(config, init_cfg=start), S2[:5])
    backbone.init_weights()
    check_stem(backbone, whole, 5, reports)
    features = backbone.branches['opt'].timm_model
    pyramid = backbone(dict(opt=torch.randn(2, 5, 64, 64)))['opt']
    channels = features.feature_info.channels()
    assert [x.shape[1] for x in pyramid] == channels


def check_stem(backbone, rgb, bands, reports):
    encoder = backbone.branches['opt']
    key, stem = first_convolution(encoder)
    _, original = first_convolution(rgb)
    expected = adapt_stem(original.weight, bands)
    torch.testing.assert_close(stem.weight, expected)
    assert f'adapted: {key}.weight (3 to 5 input bands)' in reports[0]
    assert 'missing' not in reports[0]
    (pyramid,) = backbone(dict(opt=torch.randn(2, bands, 70, 64))).values()
    assert len(pyramid) >= 3
    loss = sum(x.mean() for x in pyramid)
    loss.backward()
    assert stem.weight.grad.abs().sum() > 0
