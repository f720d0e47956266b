import pytest
import torch
from mmseg.registry import MODELS
from torch import nn

from helpers import (
    assert_gradients_reach,
    assert_parity,
    author_state,
    parity_arrays,
)
from multimodal_rs.models.backbones.vmamba import ARCHS
from multimodal_rs.models.layers.vss_block import VSSBlock
from multimodal_rs.weights.stems import adapt_stem

V0 = dict(depths=(1, 1, 2, 1), base_channels=8, state_size=4)
CURRENT = dict(
    depths=(1, 1, 1, 1),
    base_channels=8,
    state_size=1,
    gate=False,
    conv_bias=False,
    mlp_ratio=2.0,
    overlap=True,
)


def build(arch=V0, **changes):
    return MODELS.build(dict(type='VMamba', arch=arch) | changes)


@torch.no_grad()
def test_the_authors_numbers():
    backbone = build('tiny-v0').eval()
    backbone.load_state_dict(author_state('vssm_tiny'), strict=True)
    io = parity_arrays('vssm_tiny')
    for i, level in enumerate(backbone(io['in_x'])):
        assert_parity(level, io[f'out_stage{i}'], tolerance=2e-5)


# With the classifier that this project leaves out, in millions, as published.
PUBLISHED = {
    'tiny-v0': 22.9,
    'tiny-s2l5': 30.7,
    'tiny-s1l8': 30.2,
    'small-s2l15': 50.1,
}


@pytest.mark.parametrize('arch', PUBLISHED)
def test_published_sizes(arch):
    backbone = build(arch)
    own = sum(
        p.numel()
        for name, p in backbone.named_parameters()
        if not name.startswith('outnorm')
    )
    last = backbone.out_channels[-1]
    classifier = 2 * last + last * 1000 + 1000
    assert round((own + classifier) / 1e6, 1) == PUBLISHED[arch]


def test_stochastic_depth_of_the_family():
    rates = {name: arch.drop_path_rate for name, arch in ARCHS.items()}
    for name, rate in rates.items():
        expected = dict(tiny=0.2, small=0.3, base=0.6)[name.split('-')[0]]
        assert rate == expected
    blocks = [m for m in build('tiny-v0').modules() if type(m) is VSSBlock]
    drops = [getattr(b.drop_path, 'drop_prob', 0.0) for b in blocks]
    assert drops == pytest.approx(torch.linspace(0, 0.2, 15).tolist())


@pytest.mark.parametrize('arch', [V0, CURRENT])
@pytest.mark.parametrize('size, batch', [((32, 64), 2), ((37, 50), 1)])
def test_sizes_are_rounded_up(arch, size, batch):
    backbone = build(arch, in_channels=2).eval()
    levels = backbone(torch.randn(batch, 2, *size))
    for i, level in enumerate(levels):
        stride = 4 * 2**i
        expected = [-(-s // stride) for s in size]
        assert list(level.shape) == [batch, 8 * 2**i, *expected]


@pytest.mark.parametrize('arch', [V0, CURRENT])
def test_gradients_reach_everything(arch):
    backbone = build(arch, drop_path_rate=0.0)
    x = torch.randn(2, 3, 36, 28, requires_grad=True)
    assert_gradients_reach(backbone(x), backbone, x)


def test_only_what_is_asked_for_is_built():
    backbone = build(out_indices=(0, 2), drop_path_rate=0.0)
    x = torch.randn(1, 3, 32, 32, requires_grad=True)
    levels = backbone(x)
    assert [y.shape[1] for y in levels] == [8, 32]
    assert_gradients_reach(levels, backbone, x)
    full = build(drop_path_rate=0.0)
    full.load_state_dict(backbone.state_dict(), strict=False)
    for y, z in zip(levels, full(x)[::2], strict=True):
        torch.testing.assert_close(y, z)


def test_levels_are_normalised_and_the_next_stage_reads_the_raw_map():
    backbone = build().eval()
    x = torch.randn(1, 3, 32, 32)
    before = backbone(x)
    for level in before:
        torch.testing.assert_close(
            level.mean(dim=1), torch.zeros_like(level[:, 0]), atol=1e-4, rtol=0
        )
    nn.init.constant_(backbone.outnorm0.weight, 3.0)
    after = backbone(x)
    torch.testing.assert_close(after[0], 3 * before[0])
    for y, z in zip(before[1:], after[1:], strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_stochastic_depth_only_in_training():
    backbone = build(drop_path_rate=0.6)
    x = torch.randn(4, 3, 32, 32)
    first, second = (backbone(x)[-1] for _ in range(2))
    assert not torch.equal(first, second)
    backbone.eval()
    first, second = (backbone(x)[-1] for _ in range(2))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


@pytest.mark.parametrize('arch', [V0, CURRENT])
def test_checkpointing_changes_nothing(arch):
    plain, frugal = build(arch), build(arch, with_cp=True)
    frugal.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 32, 32)
    for backbone in (plain, frugal):
        torch.manual_seed(1)  # the same paths are dropped
        sum(y.square().sum() for y in backbone(x)).backward()
    pairs = zip(
        plain.named_parameters(), frugal.named_parameters(), strict=True
    )
    for (name, p), (_, q) in pairs:
        torch.testing.assert_close(p.grad, q.grad, msg=name)


def test_hidden_tokens_are_zero_after_the_embedding():
    backbone = build().eval()
    x = torch.randn(2, 3, 32, 48)
    mask = torch.zeros(2, 1, 8, 12)
    for y, z in zip(backbone(x, mask), backbone(x), strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)
    mask[:, :, :4, 6:] = 1
    tokens = []
    backbone.layers[0].blocks.register_forward_pre_hook(
        lambda _, inputs: tokens.append(inputs[0])
    )
    masked = backbone(x, mask)
    assert (tokens[0][:, :4, 6:] == 0).all()
    plain = backbone.patch_embed(x)
    torch.testing.assert_close(tokens[0][:, 4:], plain[:, 4:])
    assert not torch.allclose(masked[-1], backbone(x)[-1])


def test_overlapping_tokens_cannot_be_hidden():
    backbone = build(CURRENT)
    assert not backbone.masks_tokens
    with pytest.raises(ValueError, match='would reach visible tokens'):
        backbone(torch.randn(1, 3, 32, 32), torch.zeros(1, 1, 8, 8))


def test_integer_masks_do():
    backbone = build().eval()
    x = torch.randn(1, 3, 30, 32)
    mask = torch.randint(0, 2, (1, 1, 8, 8))
    for y, z in zip(backbone(x, mask), backbone(x, mask.float()), strict=True):
        torch.testing.assert_close(y, z, rtol=0, atol=0)


def test_a_mask_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r'here \(1, 1, 8, 8\), got'):
        build()(torch.randn(1, 3, 32, 32), torch.zeros(1, 1, 32, 32))


@pytest.mark.parametrize('dtype', [torch.bfloat16])
def test_autocast_gives_nearly_the_same(dtype):
    backbone = build(drop_path_rate=0.0)
    x = torch.randn(1, 3, 32, 32)
    exact = backbone(x)
    with torch.autocast('cpu', dtype):
        rough = backbone(x)
    for y, z in zip(exact, rough, strict=True):
        assert (y - z.float()).abs().mean() < 0.05
    sum(z.float().sum() for z in rough).backward()
    assert all(p.grad.isfinite().all() for p in backbone.parameters())


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(arch='tiny'), "unknown arch 'tiny', expected .*'tiny-v0'"),
        (dict(arch=dict(dims=96)), r"unknown entries \['dims'\]"),
        (dict(out_indices=(0, 4)), 'out_indices must name some of the 4'),
    ],
)
def test_misuse_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def old_names(state):
    """Names of the first public files, classifier included."""
    renamed = {
        'norm.weight': torch.ones(64),
        'norm.bias': torch.zeros(64),
        'head.weight': torch.zeros(10, 64),
        'head.bias': torch.zeros(10),
    }
    for key, value in state.items():
        if key.startswith('outnorm'):
            continue
        key = key.replace('patch_embed.0.', 'patch_embed.proj.')
        key = key.replace('patch_embed.2.', 'patch_embed.norm.')
        if '.blocks.' in key:
            key = key.replace('.op.out_norm', '.self_attention.OUT')
            key = key.replace('.op.', '.self_attention.')
            key = key.replace('.norm.', '.ln_1.').replace('OUT', 'out_norm')
        renamed[key] = value
    return renamed


@pytest.mark.parametrize('bands', [1, 2, 3, 4, 6, 13])
@pytest.mark.parametrize('stem', ['repeat', 'extend'])
def test_first_public_files_load_for_any_bands(tmp_path, bands, stem):
    source = build()
    state = old_names(source.state_dict())
    assert 'layers.2.blocks.1.self_attention.A_logs' in state
    assert 'layers.0.blocks.0.ln_1.weight' in state
    assert 'layers.0.downsample.norm.weight' in state
    torch.save(dict(model=state, epoch=292), tmp_path / 'old.pth')
    init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'old.pth'), stem=stem
    )
    target = build(in_channels=bands, init_cfg=init_cfg)
    target.init_weights()
    expected = source.state_dict()
    expected['patch_embed.0.weight'] = adapt_stem(
        expected['patch_embed.0.weight'], bands, stem
    )
    for key, value in target.state_dict().items():
        torch.testing.assert_close(value, expected[key], msg=key)


def test_current_files_load_with_linear_layers_stored_as_convolutions(
    tmp_path,
):
    source = build(CURRENT)
    state = {
        k: v[:, :, None, None]
        if k.endswith(
            ('in_proj.weight', 'out_proj.weight', 'fc1.weight', 'fc2.weight')
        )
        else v
        for k, v in source.state_dict().items()
    }
    state['classifier.head.weight'] = torch.zeros(10, 64)
    torch.save(dict(model=state), tmp_path / 'new.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'new.pth'))
    target = build(CURRENT, init_cfg=init_cfg)
    target.init_weights()
    for key, value in target.state_dict().items():
        torch.testing.assert_close(value, source.state_dict()[key], msg=key)
    assert state['patch_embed.5.weight'].shape == (8, 4, 3, 3)
    assert state['layers.1.downsample.1.weight'].shape == (32, 16, 3, 3)
    assert state['layers.1.downsample.3.weight'].shape == (32,)


def test_extend_keeps_or_appends_without_scaling():
    weight = torch.randn(4, 3, 2, 2)
    torch.testing.assert_close(
        adapt_stem(weight, 2, 'extend'), weight[:, :2], rtol=0, atol=0
    )
    five = adapt_stem(weight, 5, 'extend')
    torch.testing.assert_close(five[:, :3], weight, rtol=0, atol=0)
    for band in (3, 4):
        torch.testing.assert_close(five[:, band], weight.mean(dim=1))
    with pytest.raises(ValueError, match="unknown rule 'sum'"):
        adapt_stem(weight, 5, 'sum')


def test_an_ordinary_segmentor_of_mmseg_takes_it():
    channels = [8, 16, 32, 64]
    model = MODELS.build(
        dict(
            type='EncoderDecoder',
            backbone=dict(type='VMamba', arch=CURRENT, in_channels=5),
            decode_head=dict(
                type='SegformerHead',
                in_channels=channels,
                in_index=[0, 1, 2, 3],
                channels=16,
                num_classes=3,
                norm_cfg=dict(type='BN'),
                loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
            ),
            test_cfg=dict(mode='whole'),
        )
    ).eval()
    model.init_weights()
    logits = model.encode_decode(
        torch.randn(1, 5, 40, 50), [dict(img_shape=(40, 50))]
    )
    assert logits.shape == (1, 3, 40, 50)


def test_a_file_of_another_width_is_refused(tmp_path):
    torch.save(dict(model=build().state_dict()), tmp_path / 'narrow.pth')
    init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'narrow.pth'))
    wide = build(V0 | dict(base_channels=16), init_cfg=init_cfg)
    with pytest.raises(ValueError, match='belongs to another architecture'):
        wide.init_weights()
