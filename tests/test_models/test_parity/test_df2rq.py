"""The numbers of DF2RQ's public framework, reproduced (tests/data/parity).

There are none of its method: the authors' repository does not contain it.
"""

import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional

import convert_weights
from helpers import ROOT, assert_parity, author_state, parity_arrays
from multimodal_rs.weights.conversion.df2rq import convert_df2rq

CONFIG = (
    'configs/df2rq/'
    'df2rq-concat-authors_vit-b-p8_4xb4-160k_globe230k-512x512.py'
)
NAMES = dict(opt='rgb', ndvi='ndvi', sar='vvvh')
TOLERANCE = 1e-5


def load_converted(module, state, prefix=''):
    """Load what is below a prefix of the converted state, strictly."""
    converted, unmatched, dropped = convert_df2rq(state)
    assert unmatched == [] and dropped == ()
    state = {
        key.removeprefix(prefix): tensor for key, tensor in converted.items()
    }
    module.load_state_dict(state, strict=True)
    return module.eval()


def below(prefix, name):
    return {f'{prefix}{k}': v for k, v in author_state(name).items()}


def pyramids(io, names, levels=4):
    return {
        ours: tuple(io[f'in_{theirs}_l{i}'] for i in range(levels))
        for ours, theirs in names.items()
    }


def shipped():
    return Config.fromfile(ROOT / CONFIG).model


@torch.no_grad()
def test_fusion_and_pyramid_at_full_width():
    io, names = parity_arrays('df2rq_fuser'), tuple(NAMES)
    fusion, further = shipped().neck
    neck = MODELS.build([dict(fusion, modalities=names), further])
    load_converted(neck, below('neck.', 'df2rq_fuser'), 'neck.')
    inputs = pyramids(io, NAMES)
    for i, fused in enumerate(neck[0](inputs)):
        assert_parity(fused, io[f'out_fused_l{i}'], TOLERANCE)
    for i, level in enumerate(neck(inputs)):
        assert_parity(level, io[f'out_l{i}'], TOLERANCE)


@torch.no_grad()
def test_fusion_of_a_hierarchical_pyramid():
    io = parity_arrays('df2rq_fuser_hier')
    neck = MODELS.build(
        dict(
            type='ConcatMLPNeck',
            modalities=('opt', 'sar'),
            in_channels=(32, 64, 160, 256),
        )
    )
    load_converted(neck, below('neck.', 'df2rq_fuser_hier'), 'neck.')
    names = dict(opt='opt', sar='sar')
    for i, fused in enumerate(neck(pyramids(io, names))):
        assert_parity(fused, io[f'out_l{i}'], TOLERANCE)


@torch.no_grad()
def test_an_encoder_per_modality():
    io = parity_arrays('df2rq_backbone_para')
    names = dict(hsi='hsi', opt='msi', sar='sar')
    encoder = shipped().backbone.encoder
    encoder.update(
        img_size=(64, 64),
        patch_size=16,
        embed_dims=48,
        num_layers=2,
        num_heads=3,
        out_indices=(0, 1),
    )
    backbone = MODELS.build(
        dict(
            type='StemmedBackbones',
            modalities=tuple(names),
            in_channels=dict(hsi=10, opt=4, sar=2),
            share_weights=False,
            encoder=encoder,
        )
    )
    state = below('backbone.', 'df2rq_backbone_para')
    load_converted(backbone, state, 'backbone.')
    inputs = {m: io[f'in_{theirs}'] for m, theirs in names.items()}
    pyramid = backbone(inputs)
    for ours, theirs in names.items():
        stem = backbone.stems[ours](inputs[ours])[:1, :8]
        assert_parity(stem, io[f'out_stem_{theirs}'], TOLERANCE)
        for i, level in enumerate(pyramid[ours]):
            assert_parity(level, io[f'out_{theirs}_l{i}'], TOLERANCE)


def small_config():
    """The shipped config with the sizes of the small fixture."""
    cfg = shipped()
    cfg.backbone.encoder.update(
        img_size=(64, 64),
        embed_dims=64,
        num_layers=4,
        num_heads=4,
        out_indices=(0, 1, 2, 3),
    )
    cfg.neck[0].in_channels = (64,) * 4
    cfg.neck[1].embed_dim = 64
    cfg.decode_head.update(in_channels=[64] * 4, channels=64)
    cfg.auxiliary_head.update(in_channels=64, channels=32)
    return cfg


@pytest.fixture(scope='module')
def small():
    network = MODELS.build(small_config())
    return load_converted(network, author_state('df2rq_model'))


def raw_inputs(io, prefix='in'):
    """Inputs in the units of the files; ours are after the value steps."""
    inputs = {m: io[f'{prefix}_{name}'] for m, name in NAMES.items()}
    inputs['sar'] = inputs['sar'] / 40 + 1
    return {m: list(x) for m, x in inputs.items()}


def samples(io):
    result = []
    for label in io['in_gt'].long():
        size = tuple(label.shape)
        result.append(
            SegDataSample(
                metainfo=dict(ori_shape=size, img_shape=size),
                gt_sem_seg=PixelData(data=label[None]),
            )
        )
    return result


@torch.no_grad()
def test_every_part_of_the_small_network(small):
    io = parity_arrays('df2rq_model')
    data = dict(inputs=raw_inputs(io), data_samples=samples(io))
    inputs = small.data_preprocessor(data, True)['inputs']
    features = small.backbone(small.select(inputs))
    for ours, theirs in NAMES.items():
        assert_parity(inputs[ours], io[f'out_pre_{theirs}'], TOLERANCE)
        for i in (2, 3):
            expected = io[f'out_bb_{theirs}_l{i}']
            assert_parity(features[ours][i], expected, TOLERANCE)
    fused = small.fuse(features)
    for i, level in enumerate(fused):
        assert_parity(level, io[f'out_neck_l{i}'], TOLERANCE)
    assert_parity(small.decode_head(fused), io['out_logits'], TOLERANCE)
    auxiliary = small.auxiliary_head(fused)
    assert_parity(auxiliary, io['out_aux_logits'], TOLERANCE)


@torch.no_grad()
def test_losses_and_prediction_of_the_small_network(small):
    io = parity_arrays('df2rq_model')
    data = dict(inputs=raw_inputs(io), data_samples=samples(io))
    data = small.data_preprocessor(data, True)
    losses = small.loss(**data)
    for name in ('decode', 'aux'):
        for term in ('loss_ce', 'acc_seg'):
            ours = losses[f'{name}.{term}'].reshape(1)
            assert_parity(ours, io[f'out_{name}_{term}'], TOLERANCE)
    for sample, logits, expected in zip(
        small.predict(**data),
        io['out_seg_logits'],
        io['out_pred'],
        strict=True,
    ):
        assert_parity(sample.seg_logits.data, logits, TOLERANCE)
        assert (sample.pred_sem_seg.data == expected.long()).all()


@torch.no_grad()
def test_small_network_with_resized_position_embedding(small):
    io = parity_arrays('df2rq_model')
    inputs = small.data_preprocessor(dict(inputs=raw_inputs(io, 'in2')))
    inputs = inputs['inputs']
    size = (48, 80)
    metas = [dict(ori_shape=size, img_shape=size)]
    features = small.extract_feat(inputs)
    assert_parity(small.decode_head(features), io['out2_logits'], TOLERANCE)
    logits = small.encode_decode(inputs, metas)
    assert_parity(logits, io['out2_seg_logits'], TOLERANCE)


@torch.no_grad()
def test_shipped_config_at_full_size():
    io = parity_arrays('df2rq_model_full')
    network = MODELS.build(shipped())
    load_converted(network, author_state('df2rq_model_full'))
    assert network.modalities == ('opt', 'ndvi', 'sar')
    assert network.decode_head.num_classes == 13
    inputs = network.data_preprocessor(dict(inputs=raw_inputs(io)))['inputs']
    features = network.backbone(inputs)
    for ours, theirs in NAMES.items():
        expected = io[f'out_bb_{theirs}_l3']
        assert_parity(features[ours][3], expected, TOLERANCE)
    fused = network.fuse(features)
    assert_parity(fused[3], io['out_neck_l3'], TOLERANCE)
    assert_parity(network.decode_head(fused), io['out_logits'], TOLERANCE)
    auxiliary = network.auxiliary_head(fused)
    assert_parity(auxiliary, io['out_aux_logits'], TOLERANCE)
    size = (64, 96)
    metas = [dict(ori_shape=size, img_shape=size)]
    enlarged = functional.interpolate(
        io['out_logits'], size, mode='bilinear', align_corners=False
    )
    logits = network.encode_decode(inputs, metas)
    assert_parity(logits, enlarged, TOLERANCE)


def restated_encoder(x, state, img_size=64, patch=8, heads=4):
    """DF2RQ's shared ViT in plain torch, from the authors' keys."""
    height, width = (-(-n // patch) for n in x.shape[2:])
    pad = (0, width * patch - x.shape[3], 0, height * patch - x.shape[2])
    x = functional.pad(x, pad)
    weight = state['patch_embed.projection.weight']
    bias = state.get('patch_embed.projection.bias')
    x = functional.conv2d(x, weight, bias, stride=patch)
    position = state['pos_embed'][:, 1:].transpose(1, 2)
    grid = position.reshape(1, -1, img_size // patch, img_size // patch)
    if height * width != grid[0, 0].numel():
        grid = functional.interpolate(
            grid, (height, width), mode='bicubic', align_corners=False
        )
    tokens = (x.flatten(2) + grid.flatten(2)).transpose(1, 2)
    first = state['cls_token'] + state['pos_embed'][:, :1]
    tokens = torch.cat([first.expand(len(x), -1, -1), tokens], dim=1)
    maps = []
    for i in range(4):
        tokens = restated_block(tokens, state, f'layers.{i}.', heads)
        body = tokens[:, 1:].transpose(1, 2)
        maps.append(body.reshape(len(x), -1, height, width))
    return maps


def restated_block(x, state, prefix, heads):
    def part(name):
        return state[prefix + name + '.weight'], state[prefix + name + '.bias']

    def norm(x, name):
        return functional.layer_norm(x, x.shape[-1:], *part(name), eps=1e-6)

    weight = state[prefix + 'attn.attn.in_proj_weight']
    bias = state[prefix + 'attn.attn.in_proj_bias']
    mixed = functional.linear(norm(x, 'ln1'), weight, bias)
    q, k, v = (
        y.unflatten(-1, (heads, -1)).transpose(1, 2)
        for y in mixed.chunk(3, dim=-1)
    )
    scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
    y = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
    x = x + functional.linear(y, *part('attn.attn.out_proj'))
    y = functional.linear(norm(x, 'ln2'), *part('ffn.layers.0.0'))
    return x + functional.linear(functional.gelu(y), *part('ffn.layers.1'))


def restated_stem(x, state, name):
    for i in range(2):
        key = f'backbone.stem_layers.{name}.{i}.'
        mean, var = (
            state[key + 'bn.running_mean'],
            state[key + 'bn.running_var'],
        )
        x = functional.conv2d(x, state[key + 'conv.weight'])
        scale, shift = state[key + 'bn.weight'], state[key + 'bn.bias']
        x = functional.batch_norm(x, mean, var, scale, shift).relu()
    return x


def restated_logits(inputs, state, head):
    """The whole network up to the head, which is mmseg's."""
    net = 'backbone.net.'
    encoder = {
        k.removeprefix(net): v for k, v in state.items() if k.startswith(net)
    }
    encoded = [
        restated_encoder(restated_stem(inputs[m], state, name), encoder)
        for m, name in NAMES.items()
    ]
    fused = []
    for level, maps in enumerate(zip(*encoded, strict=True)):
        y = torch.cat(maps, dim=1)
        for layer in (0, 2):
            key = f'neck.fuser.{level}.{layer}.'
            weight = state[key + 'weight'][..., None, None]
            y = functional.conv2d(y, weight, state[key + 'bias']).relu()
        fused.append(y)

    def enlarge(x, key):
        weight, bias = state[key + '.weight'], state[key + '.bias']
        return functional.conv_transpose2d(x, weight, bias, stride=2)

    up, norm = 'neck.projector.upsample_4x.', []
    for part in ('running_mean', 'running_var', 'weight', 'bias'):
        norm.append(state[f'{up}1.{part}'])
    first = functional.batch_norm(enlarge(fused[0], up + '0'), *norm)
    pyramid = (
        enlarge(functional.gelu(first), up + '3'),
        enlarge(fused[1], 'neck.projector.upsample_2x.0'),
        fused[2],
        functional.max_pool2d(fused[3], 2),
    )
    size = next(iter(inputs.values())).shape[2:]
    return functional.interpolate(
        head(pyramid), size, mode='bilinear', align_corners=False
    )


@torch.no_grad()
@pytest.mark.parametrize('size', [(40, 72), (52, 36), (128, 32), (37, 91)])
def test_other_sizes_against_a_second_computation(small, size):
    state = author_state('df2rq_model')
    generator = torch.Generator().manual_seed(0)
    inputs = {
        m: torch.randn(2, bands, *size, generator=generator)
        for m, bands in dict(opt=3, ndvi=1, sar=2).items()
    }
    expected = restated_logits(inputs, state, small.decode_head)
    metas = [dict(ori_shape=size, img_shape=size)] * 2
    logits = small.encode_decode(inputs, metas)
    assert_parity(logits, expected, TOLERANCE)


@torch.no_grad()
def test_the_same_network_in_another_order(small, tmp_path, capsys):
    """Weights follow the declaration, and the outputs stay."""
    cfg = small_config()
    names = ('sar', 'opt', 'ndvi')
    declared = cfg.data_preprocessor.modalities
    cfg.data_preprocessor.modalities = {m: declared[m] for m in names}
    cfg.backbone.modalities = names
    source, config, target = (
        tmp_path / name for name in ('theirs.pth', 'config.py', 'ours.pth')
    )
    Config(dict(model=cfg)).dump(config)
    torch.save(author_state('df2rq_model'), source)
    arguments = [str(source), str(target), '--source', 'df2rq']
    assert convert_weights.main([*arguments, '--config', str(config)]) == 0
    assert "order of the checkpoint: ['opt', 'ndvi', 'sar']" in (
        capsys.readouterr().out
    )
    checkpoint = torch.load(target, weights_only=True)
    assert checkpoint['meta']['modalities'] == list(names)
    other = MODELS.build(cfg).eval()
    other.load_state_dict(checkpoint['state_dict'], strict=True)
    assert other.modalities == names != small.modalities
    bands = dict(opt=3, ndvi=1, sar=2)
    inputs = {m: torch.randn(2, n, 40, 72) for m, n in bands.items()}
    metas = [dict(ori_shape=(40, 72), img_shape=(40, 72))] * 2
    expected = small.encode_decode(inputs, metas)
    assert_parity(other.encode_decode(inputs, metas), expected, TOLERANCE)
