"""CMX and CMNeXt once more, as plain functions on the authors' tensors.

An opinion of its own on the networks: no module, converter or layer of the
package is used, and attention, norms and pools are written out. It follows
the description of the networks, not our code.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

State = Mapping[str, Tensor]
HEADS, REDUCTION = (1, 2, 5, 8), (8, 4, 2, 1)
DEPTHS = (3, 4, 6, 3)  # of B2


class Part:
    """The tensors below a name."""

    def __init__(self, state: State, name: str) -> None:
        self.state, self.name = state, name

    def __truediv__(self, name: str) -> 'Part':
        return Part(self.state, f'{self.name}.{name}')

    def __getitem__(self, key: str) -> Tensor | None:
        return self.state.get(f'{self.name}.{key}')

    def linear(self, x):
        y = x @ self['weight'].flatten(1).T
        return y if self['bias'] is None else y + self['bias']

    def conv(self, x, stride=1, padding=0, depthwise=False):
        groups = x.shape[1] if depthwise else 1
        weights = self['weight'], self['bias'], stride, padding
        return functional.conv2d(x, *weights, 1, groups)

    def norm(self, x, eps):
        """Over the last axis."""
        centred = x - x.mean(-1, keepdim=True)
        scale = (centred.square().mean(-1, keepdim=True) + eps).rsqrt()
        return centred * scale * self['weight'] + self['bias']

    def norm_pixels(self, x, eps):
        return tokens_to_map(self.norm(map_to_tokens(x), eps), x)

    def batch_norm(self, x):
        mean, var = self['running_mean'], self['running_var']
        scale = self['weight'] / (var + 1e-5).sqrt()
        shift = self['bias'] - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]


def map_to_tokens(x):
    return x.flatten(2).transpose(1, 2)


def tokens_to_map(x, like):
    return x.transpose(1, 2).unflatten(2, tuple(like.shape[2:]))


def heads_of(x, number):
    return torch.stack(x.chunk(number, dim=-1), dim=1)  # (B, h, N, C / h)


def transformer_stage(part, x, stage, extra, eps, embedding_eps):
    number = stage + 1
    embed = part / f'{extra}patch_embed{number}'
    side = 7 if stage == 0 else 3
    x = (embed / 'proj').conv(x, 4 if stage == 0 else 2, side // 2)
    x = (embed / 'norm').norm_pixels(x, embedding_eps)
    for i in range(DEPTHS[stage]):
        block = part / f'{extra}block{number}.{i}'
        y = (block / 'norm1').norm_pixels(x, eps)
        x = x + attention(block / 'attn', y, stage, embedding_eps)
        y = (block / 'norm2').norm_pixels(x, eps)
        mlp = block / 'mlp'
        y = tokens_to_map((mlp / 'fc1').linear(map_to_tokens(y)), y)
        y = (mlp / 'dwconv.dwconv').conv(y, 1, 1, depthwise=True)
        y = functional.gelu(map_to_tokens(y))
        x = x + tokens_to_map((mlp / 'fc2').linear(y), x)
    return (part / f'{extra}norm{number}').norm_pixels(x, eps)


def attention(part, x, stage, eps):
    heads, ratio = HEADS[stage], REDUCTION[stage]
    query = heads_of((part / 'q').linear(map_to_tokens(x)), heads)
    source = x
    if ratio > 1:
        source = (part / 'sr').conv(x, ratio)
        source = (part / 'norm').norm_pixels(source, eps)
    key, value = (part / 'kv').linear(map_to_tokens(source)).chunk(2, -1)
    key, value = heads_of(key, heads), heads_of(value, heads)
    scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
    read = scores.softmax(-1) @ value
    read = torch.cat(read.unbind(1), dim=-1)
    return tokens_to_map((part / 'proj').linear(read), x)


def rectify(part, first, second):
    both = torch.cat([first, second], 1)
    pooled = torch.cat([both.mean((2, 3)), both.amax((2, 3))], 1)
    mlp = part / 'channel_weights.mlp'
    channels = (mlp / '2').linear((mlp / '0').linear(pooled).relu()).sigmoid()
    c1, c2 = channels[..., None, None].chunk(2, 1)
    mlp = part / 'spatial_weights.mlp'
    pixels = (mlp / '2').conv((mlp / '0').conv(both).relu()).sigmoid()
    s1, s2 = pixels[:, :1], pixels[:, 1:]
    return (
        first + 0.5 * c2 * second + 0.5 * s2 * second,
        second + 0.5 * c1 * first + 0.5 * s1 * first,
    )


def fuse(part, maps, stage):
    heads, cross = HEADS[stage], part / 'cross'
    kept, read, contexts = [], [], []
    for i, x in enumerate(maps, 1):
        y = (cross / f'channel_proj{i}').linear(map_to_tokens(x)).relu()
        y, u = y.chunk(2, -1)
        key, value = (cross / f'cross_attn.kv{i}').linear(u).chunk(2, -1)
        key, value = heads_of(key, heads), heads_of(value, heads)
        context = key.transpose(2, 3) @ value / key.shape[-1] ** 0.5
        contexts.append(context.softmax(2))
        kept.append(y)
        read.append(heads_of(u, heads))
    mixed = []
    for i, x in enumerate(maps):
        v = torch.cat((read[i] @ contexts[1 - i]).unbind(1), -1)
        v = torch.cat([kept[i], v], -1)
        z = map_to_tokens(x) + (cross / f'end_proj{i + 1}').linear(v)
        z = (cross / f'norm{i + 1}').norm(z, 1e-5)
        mixed.append(tokens_to_map(z, x))
    both, embed = torch.cat(mixed, 1), part / 'channel_emb'
    y = (embed / 'channel_embed.0').conv(both)
    y = (embed / 'channel_embed.1').conv(y, 1, 1, depthwise=True).relu()
    y = (embed / 'channel_embed.3').conv(y)
    y = (embed / 'channel_embed.4').batch_norm(y)
    return (embed / 'norm').batch_norm((embed / 'residual').conv(both) + y)


def mean_inside(x, side):
    """Mean over a square, of the pixels that are there."""
    ones = torch.ones_like(x[:1, :1])
    kernel = torch.ones(1, 1, side, side)
    total = functional.conv2d(
        x, kernel.expand(x.shape[1], 1, side, side), None, 1, side // 2,
        groups=x.shape[1],
    )  # fmt: skip
    return total / functional.conv2d(ones, kernel, None, 1, side // 2)


def light_block(part, x):
    u = (part / 'norm1').batch_norm(x)
    d = (part / 'attn.conv0').conv(u, 1, 3, depthwise=True)
    around = d + mean_inside(d, 3) + mean_inside(d, 7) + mean_inside(d, 11)
    u = u + u * (part / 'attn.conv4').conv(around).sigmoid()
    x = x + part['layer_scale_1'][:, None, None] * u
    means = functional.pad(x.mean((2, 3)), (1, 1))
    weights = (part / 'c_nets.0')['weight'].flatten()
    c = (means.unfold(1, 3, 1) @ weights).sigmoid()[..., None, None]
    y = (part / 'mlp.fc1').conv((part / 'norm2').batch_norm(x))
    y = (part / 'mlp.dwconv.dwconv').conv(y, 1, 1, depthwise=True)
    y = (part / 'mlp.fc2').conv(functional.gelu(y))
    return c * x + part['layer_scale_2'][:, None, None] * y


def select(part, maps):
    scored = []
    for i, x in enumerate(maps):
        net = part / f'score_nets.{i}'
        score = (net / '1').conv((net / '0').conv(x, 1, 1, depthwise=True))
        scored.append(x + score.sigmoid() * x)
    highest = scored[0]
    for x in scored[1:]:
        highest = torch.maximum(highest, x)
    return scored, highest


def head(part, maps, fuse_names):
    conv, norm = fuse_names
    size = tuple(maps[0].shape[2:])
    levels = []
    for i, x in enumerate(maps, 1):
        y = (part / f'linear_c{i}.proj').linear(map_to_tokens(x))
        levels.insert(0, enlarge(tokens_to_map(y, x), size))
    y = (part / f'linear_fuse.{conv}').conv(torch.cat(levels, 1))
    y = (part / f'linear_fuse.{norm}').batch_norm(y).relu()
    return (part / 'linear_pred').conv(y)


def enlarge(x, size):
    return functional.interpolate(x, size, mode='bilinear')


def cmx(state: State, images: Sequence[Tensor]) -> Tensor:
    """Logits at the size of the images, (B, C, H, W) each."""
    part, maps, fused = Part(state, 'backbone'), list(images), []
    for stage in range(4):
        maps = [
            transformer_stage(part, x, stage, extra, 1e-6, 1e-5)
            for x, extra in zip(maps, ('', 'extra_'), strict=True)
        ]
        maps = rectify(part / f'FRMs.{stage}', *maps)
        fused.append(fuse(part / f'FFMs.{stage}', maps, stage))
    logits = head(Part(state, 'decode_head'), fused, ('0', '1'))
    return enlarge(logits, images[0].shape[2:])


def cmnext(state: State, images: Sequence[Tensor]) -> Tensor:
    """Logits at the size of the images; the first one is the main one."""
    part, fused = Part(state, 'backbone'), []
    main, *extra = images
    for stage in range(4):
        main = transformer_stage(part, main, stage, '', 1e-5, 1e-5)
        embed = part / f'extra_downsample_layers.{stage}'
        side, stride = (7, 4) if stage == 0 else (3, 2)
        extra = [
            (embed / f'norm.ln_{i}').norm_pixels(
                (embed / 'proj.module').conv(x, stride, side // 2), 1e-6
            )
            for i, x in enumerate(extra)
        ]
        shared = extra[0]
        if len(extra) > 1:
            extra, shared = select(
                part / f'extra_score_predictor.{stage}', extra
            )
        for i in range(DEPTHS[stage]):
            shared = light_block(part / f'extra_block{stage + 1}.{i}', shared)
        shared = (part / f'extra_norm{stage + 1}').norm_pixels(shared, 1e-6)
        main, shared = rectify(part / f'FRMs.{stage}', main, shared)
        fused.append(fuse(part / f'FFMs.{stage}', (main, shared), stage))
        extra = (
            # the release's: numbers of a map taken for those of tokens
            [tokens_to_map(x.reshape(shape_of(x)), x) + shared for x in extra]
            if len(extra) > 1
            else [shared]
        )
    logits = head(Part(state, 'decode_head'), fused, ('conv', 'bn'))
    return enlarge(logits, images[0].shape[2:])


def shape_of(x):
    batch, channels, height, width = x.shape
    return batch, height * width, channels
