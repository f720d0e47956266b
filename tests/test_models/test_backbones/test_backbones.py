import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

import multimodal_rs.weights.pretrained as pretrained_weights
from multimodal_rs.weights.stems import adapt_stem


def resnet(bands, depth=18, **changes):
    return dict(
        type='ResNet',
        depth=depth,
        in_channels=bands,
        base_channels=8,
        num_stages=4,
        norm_cfg=dict(type='BN'),
        **changes,
    )


def parallel(**changes):
    branches = dict(opt=resnet(4), sar=resnet(2))
    return dict(type='ParallelBackbones', branches=branches) | changes


def test_one_pyramid_per_modality_in_declared_order():
    backbone = MODELS.build(parallel())
    features = backbone(
        dict(sar=torch.randn(2, 2, 64, 32), opt=torch.randn(2, 4, 64, 32))
    )
    assert list(features) == ['opt', 'sar']
    assert [tuple(x.shape) for x in features['sar']] == [
        (2, 8, 16, 8),
        (2, 16, 8, 4),
        (2, 32, 4, 2),
        (2, 64, 2, 1),
    ]


def test_a_missing_modality_is_not_run():
    backbone = MODELS.build(parallel())
    assert list(backbone(dict(sar=torch.randn(2, 2, 32, 32)))) == ['sar']


def test_branches_do_not_see_each_other():
    backbone = MODELS.build(parallel()).eval()
    opt, sar = torch.randn(1, 4, 32, 32), torch.randn(1, 2, 32, 32)
    both = backbone(dict(opt=opt, sar=sar))['opt']
    alone = backbone(dict(opt=opt))['opt']
    for y, z in zip(both, alone, strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)


def masks(batch=1):
    mask = torch.zeros(batch, 1, 16, 8)
    mask[:, :, :4, 3:] = 1
    return mask


def test_a_convolutional_branch_gets_the_masked_image():
    backbone = MODELS.build(parallel()).eval()
    opt, sar = torch.randn(1, 4, 64, 30), torch.randn(1, 2, 64, 30)
    features = backbone(dict(opt=opt, sar=sar), masks=dict(opt=masks()))
    hidden = opt.clone()
    hidden[:, :, :16, 12:] = 0
    expected = backbone(dict(opt=hidden, sar=sar))
    for name in ('opt', 'sar'):
        for y, z in zip(features[name], expected[name], strict=True):
            torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_a_branch_that_masks_tokens_gets_its_own_mask():
    arch = dict(depths=(1, 1), base_channels=8, state_size=2)
    vmamba = dict(type='VMamba', arch=arch, out_indices=(0, 1))
    branches = dict(opt=vmamba, sar=vmamba)
    backbone = MODELS.build(parallel(branches=branches)).eval()
    opt, sar = torch.randn(2, 1, 3, 64, 32)
    both = dict(opt=masks(), sar=1 - masks())
    features = backbone(dict(opt=opt, sar=sar), masks=both)
    for name, image in (('opt', opt), ('sar', sar)):
        expected = backbone.branches[name](image, both[name])
        for y, z in zip(features[name], expected, strict=True):
            torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_masks_that_do_not_fit_are_named():
    backbone = MODELS.build(parallel())
    with pytest.raises(KeyError, match=r"masks for \['sar'\], but"):
        backbone(dict(opt=torch.randn(1, 4, 64, 32)), dict(sar=masks()))
    with pytest.raises(ValueError, match='does not fit an image'):
        backbone(dict(opt=torch.randn(2, 4, 64, 32)), dict(opt=masks()))


def test_mmseg_necks_per_branch():
    neck = dict(
        type='FPN', in_channels=[8, 16, 32, 64], out_channels=12, num_outs=4
    )
    backbone = MODELS.build(parallel(necks=dict(opt=neck, sar=neck)))
    features = backbone(dict(sar=torch.randn(1, 2, 64, 64)))
    assert {x.shape[1] for x in features['sar']} == {12}


def test_shared_weights_are_one_set():
    same = dict(a=resnet(3), b=resnet(3))
    shared = MODELS.build(parallel(branches=same, share_weights=True)).eval()
    own = MODELS.build(parallel(branches=same))
    count = [sum(p.numel() for p in m.parameters()) for m in (shared, own)]
    assert count[1] == 2 * count[0]
    x = torch.randn(1, 3, 32, 32)
    features = shared(dict(a=x, b=x))
    for y, z in zip(features['a'], features['b'], strict=True):
        torch.testing.assert_close(y, z)


def test_shared_weights_need_equal_bands():
    with pytest.raises(ValueError, match='same number of bands'):
        MODELS.build(parallel(share_weights=True))


def test_branches_from_scratch_start_as_mmseg_starts_them():
    torch.manual_seed(0)
    backbone = MODELS.build(parallel())
    backbone.init_weights()
    for branch in backbone.branches.values():
        weight = branch.layer4[0].conv2.weight
        expected = (2 / (weight.shape[0] * 9)) ** 0.5  # Kaiming, fan out
        assert weight.std().item() == pytest.approx(expected, rel=0.1)


def test_unknown_modality_is_named():
    with pytest.raises(KeyError, match=r"no branch for \['dem'\]"):
        MODELS.build(parallel())(dict(dem=torch.randn(1, 1, 32, 32)))


def test_stack_equals_one_backbone_on_concatenated_bands():
    backbone = MODELS.build(
        dict(
            type='StackedBackbone',
            modalities=('opt', 'sar'),
            backbone=resnet(6),
        )
    ).eval()
    opt, sar = torch.randn(1, 4, 32, 32), torch.randn(1, 2, 32, 32)
    (pyramid,) = backbone(dict(sar=sar, opt=opt)).values()
    encoder = backbone.encoder.branches['stack']
    expected = encoder(torch.cat([opt, sar], dim=1))
    for y, z in zip(pyramid, expected, strict=True):
        torch.testing.assert_close(y, z)
    with pytest.raises(KeyError, match=r"missing \['sar'\]"):
        backbone(dict(opt=opt))


@pytest.mark.parametrize('bands', [1, 2, 3, 4, 13])
def test_adapted_stem_answers_a_grey_image_alike(bands):
    weight = torch.randn(8, 3, 7, 7)
    grey = torch.randn(1, 1, 20, 20)
    rgb = nn.functional.conv2d(grey.expand(-1, 3, -1, -1), weight)
    adapted = adapt_stem(weight, bands)
    assert adapted.shape == (8, bands, 7, 7)
    if bands % 3 == 0 or bands == 1:
        other = nn.functional.conv2d(grey.expand(-1, bands, -1, -1), adapted)
        torch.testing.assert_close(other, rgb, rtol=1e-4, atol=1e-4)
    if bands == 2:
        torch.testing.assert_close(adapted, weight[:, :2] * 1.5)


@pytest.mark.parametrize('bands', [1, 2, 3])
def test_reset_keeps_the_stem_of_up_to_three_bands(bands):
    weight = torch.randn(8, 3, 7, 7)
    torch.testing.assert_close(
        adapt_stem(weight, bands, 'reset'), adapt_stem(weight, bands)
    )


def test_reset_draws_a_new_stem_from_four_bands_on():
    weight = torch.full((64, 3, 7, 7), 9.0)
    adapted = adapt_stem(weight, 4, 'reset')
    assert adapted.shape == (64, 4, 7, 7)
    # torch's default: uniform within 1 / sqrt(fan in)
    bound = (4 * 49) ** -0.5
    assert 0.95 * bound < adapted.abs().max() <= bound


def test_stem_resnet_adds_the_map_before_the_pooling():
    plain = MODELS.build(resnet(3))
    backbone = MODELS.build(resnet(3) | dict(type='StemResNet'))
    plain.eval()
    backbone.eval()
    backbone.load_state_dict(plain.state_dict(), strict=True)
    x = torch.randn(2, 3, 50, 33)
    stem, *maps = backbone(x)
    assert stem.shape == (2, 64, 25, 17)
    expected = plain.conv1(x)
    expected = plain.bn1(expected).relu()
    torch.testing.assert_close(stem, expected)
    for y, z in zip(maps, plain(x), strict=True):
        torch.testing.assert_close(y, z)


def test_pretrained_weights_fit_any_band_count(tmp_path, monkeypatch):
    rgb = MODELS.build(resnet(3))
    file = tmp_path / 'rgb.pth'
    state = rgb.state_dict() | {'fc.weight': torch.zeros(1)}
    torch.save(state, file)
    pretrained = dict(type='Pretrained', checkpoint=str(file))
    branches = {
        m: resnet(c, init_cfg=pretrained) for m, c in (('opt', 4), ('sar', 3))
    }
    backbone = MODELS.build(parallel(branches=branches))
    messages = []
    monkeypatch.setattr(
        pretrained_weights, 'print_log', lambda text, _: messages.append(text)
    )
    backbone.init_weights()
    opt, sar = backbone.branches['opt'], backbone.branches['sar']
    torch.testing.assert_close(sar.conv1.weight, rgb.conv1.weight)
    expected = adapt_stem(rgb.conv1.weight, 4)
    torch.testing.assert_close(opt.conv1.weight, expected)
    torch.testing.assert_close(
        opt.layer4[1].conv2.weight, rgb.layer4[1].conv2.weight
    )
    assert 'opt branch' in messages[0]
    assert '1 adapted: conv1.weight (3 to 4 input bands)' in messages[0]
    assert '1 unused: fc.weight' in messages[0]


def test_pretrained_of_another_architecture_is_refused(tmp_path):
    file = tmp_path / 'other.pth'
    torch.save({'stem.weight': torch.zeros(1)}, file)
    with pytest.raises(ValueError, match='no key fits'):
        pretrained_weights.load_pretrained(MODELS.build(resnet(3)), str(file))


def test_pretrained_of_a_shallower_network_is_refused(tmp_path):
    file = tmp_path / 'resnet18.pth'
    torch.save(MODELS.build(resnet(3)).state_dict(), file)
    deeper = MODELS.build(resnet(3, depth=34))
    with pytest.raises(ValueError, match=r"16 layers .*'layer1.2.conv1.weigh"):
        pretrained_weights.load_pretrained(deeper, str(file))


def test_checkpoint_of_another_band_count_is_refused():
    four, thirteen = (
        MODELS.build(parallel(branches=dict(opt=resnet(c)))) for c in (4, 13)
    )
    with pytest.raises(
        ValueError, match='opt branch was trained with 13 bands.*reads 4'
    ):
        four.load_state_dict(thirteen.state_dict())
