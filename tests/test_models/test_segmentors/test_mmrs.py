"""MMRS: parameters, what is missing, what is generated, two optimisers."""

import copy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.nn import functional

from helpers import assert_gradients_reach
from model_bases import build, count_parameters, network
from multimodal_rs.models.layers.presence import present_mask
from multimodal_rs.models.layers.token_fusion import (
    TokenFusion,
    similarity_graph,
)
from multimodal_rs.models.necks.mmrs_neck import MMRSNeck
from multimodal_rs.models.segmentors.mmrs_classifier import random_presence

BANDS = dict(hsi=20, lidar=1)
SMALL = dict(
    backbone=dict(branches=dict(hsi=dict(width=8), lidar=dict(width=8))),
    neck=dict(channels=16),
    decode_head=dict(in_channels=48),
)
OPTIMIZER = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))


def small(**changes):
    torch.manual_seed(0)
    return MODELS.build(network('mmrs', BANDS, 5, SMALL | changes))


def wrapper_of(model, **other):
    parts = {name: OPTIMIZER for name in model.optimized_parts()}
    kind = dict(constructor='NamedOptimWrapperConstructor')
    return build_optim_wrapper(model, kind | parts | other)


def batch(number=8, present=None):
    """Windows; ``present`` says for the first samples what they have."""
    samples = []
    for i in range(number):
        meta = dict(ori_shape=(1, 1), img_shape=(11, 11))
        if present and i < len(present):
            meta['present_modalities'] = present[i]
        sample = SegDataSample(metainfo=meta)
        sample.gt_sem_seg = PixelData(data=torch.full((1, 1, 1), i % 5))
        samples.append(sample)
    inputs = {m: [*torch.randn(number, n, 11, 11)] for m, n in BANDS.items()}
    return dict(inputs=inputs, data_samples=samples)


def images(size=(11, 11), number=2):
    return {m: torch.randn(number, n, *size) for m, n in BANDS.items()}


def answer(model, inputs, present, size=(1, 1)):
    meta = dict(ori_shape=size, present_modalities=present)
    with torch.no_grad():
        return model.eval().encode_decode(inputs, [meta])


@pytest.mark.parametrize(
    'bands, classes, expected',
    [
        (dict(hsi=144, lidar=1), 15, 1.48e6),  # Houston2013
        (dict(hsi=244, lidar=4), 8, 1.54e6),  # Berlin's bands
    ],
)
def test_parameters(bands, classes, expected):
    without = count_parameters('mmrs', bands, classes, dict(adversarial=False))
    assert without == pytest.approx(expected, rel=0.005)
    judge = count_parameters('mmrs', bands, classes) - without
    assert judge == pytest.approx(42e3, rel=0.02)


def test_encoder_shrinks_as_drawn():
    layers = build('mmrs', BANDS, 5, SMALL).backbone.branches['hsi'].layers
    x, sizes = torch.randn(2, 20, 11, 11), []
    for layer in layers:
        x = layer(x)
        if isinstance(layer, torch.nn.ReLU | torch.nn.MaxPool2d):
            sizes.append(x.shape[2])
    assert sizes == [11, 9, 9, 5, 3, 3]


def test_gradients_reach_everything():
    model = small().train()
    inputs = {m: x.requires_grad_() for m, x in images(number=4).items()}
    # a missing modality in one sample, so that its vector is used
    there = dict(
        hsi=torch.tensor([True, True, True, False]),
        lidar=torch.tensor([True, True, False, True]),
    )
    (features,) = model.neck(model.backbone(inputs), there)
    logits = model.decode_head((features,))
    parts = torch.nn.ModuleList(
        [model.backbone, model.neck, model.decode_head]
    )
    assert_gradients_reach(logits, parts, inputs)


def test_only_what_is_there_counts():
    model, inputs = small(), images()
    answers = {
        p: answer(model, inputs, p)
        for p in (('hsi', 'lidar'), ('hsi',), ('lidar',))
    }
    first, second, third = answers.values()
    assert not torch.allclose(first, second)
    assert not torch.allclose(first, third)
    other = {m: x + 1 for m, x in inputs.items()}
    for present, logits in answers.items():
        for m in BANDS:
            changed = answer(model, inputs | {m: other[m]}, present)
            assert torch.allclose(changed, logits) == (m not in present)
    # in a scene as in a window
    scene = images((7, 12), 1)
    for present in answers:
        dense = answer(model, scene, present, (7, 12))
        assert dense.shape == (1, 5, 7, 12)
    alone = answer(model, {'hsi': scene['hsi']}, ('hsi',), (7, 12))
    torch.testing.assert_close(alone, answer(model, scene, ('hsi',), (7, 12)))


def test_an_answer_does_not_depend_on_the_batch():
    model, inputs = small(), images(number=6)
    together = answer(model, inputs, ('hsi', 'lidar'))
    for row in range(6):
        one = {m: x[row : row + 1] for m, x in inputs.items()}
        torch.testing.assert_close(
            answer(model, one, ('hsi', 'lidar'))[0], together[row]
        )


def test_batch_norms_never_see_black_images():
    """Statistics are those of the samples that have the modality."""
    has = [('hsi',)] * 5 + [('hsi', 'lidar')] * 3
    data = batch(8, has)
    model = small().train()
    model.loss(**model.data_preprocessor(copy.deepcopy(data), True))
    other = small().train()
    lidar = torch.stack(data['inputs']['lidar'][5:])
    other.backbone(dict(lidar=lidar))
    norms = [
        m.backbone.branches['lidar'].layers[1].running_mean
        for m in (model, other)
    ]
    torch.testing.assert_close(*norms)
    assert (norms[0] != 0).all()


def test_missing_values_are_generated():
    """Cells of a missing modality are what the generator made."""
    neck = MMRSNeck(('hsi', 'lidar'), 16).eval()
    pyramid = (torch.randn(3, 16, 3, 3),)
    joint = torch.cat(
        [pyramid[0].mean(dim=(2, 3)), neck.missing[1].expand(3, -1)], dim=1
    )
    generated, vector = neck.generator(joint)
    completed = neck.complete(dict(hsi=pyramid))
    torch.testing.assert_close(completed.joint, joint)
    torch.testing.assert_close(completed.vector, vector)
    torch.testing.assert_close(
        completed.tokens[:, 0], pyramid[0].flatten(2).transpose(1, 2)
    )
    torch.testing.assert_close(
        completed.tokens[:, 1], generated[:, None, 16:].expand(-1, 9, -1)
    )
    # row by row, some missing and some not
    pyramids = dict(hsi=pyramid, lidar=(torch.randn(3, 16, 3, 3),))
    there = dict(
        hsi=torch.tensor([True] * 3), lidar=torch.tensor([False, True, False])
    )
    mixed, full = neck.complete(pyramids, there), neck.complete(pyramids)
    for row, expected in enumerate((completed, full, completed)):
        for one, two in zip(mixed, expected, strict=True):
            torch.testing.assert_close(one[row], two[row])


def test_noise_only_in_training():
    generator = MMRSNeck(('hsi', 'lidar'), 16).generator
    joint = torch.randn(4, 32)
    assert not torch.equal(generator(joint)[1], generator(joint)[1])
    generator.eval()
    assert torch.equal(generator(joint)[1], generator(joint)[1])
    silent = MMRSNeck(('hsi', 'lidar'), 16, noise=0).generator.train()
    assert (silent(joint)[1] == silent(joint)[1]).all()


def test_graph_by_its_formula():
    x = torch.randn(2, 18, 6, dtype=torch.float64)
    graph = similarity_graph(x, 8)
    for sample, expected in zip(x, graph, strict=True):
        unit = sample / sample.norm(dim=1, keepdim=True)
        s = torch.exp(unit @ unit.T)
        s = s / s.sum(dim=1, keepdim=True)
        for row in s:
            row[row < row.sort().values[-8]] = 0
        a = (s + s.T) / 2 + torch.eye(18, dtype=s.dtype)
        d = torch.diag(a.sum(dim=1) ** -0.5)
        torch.testing.assert_close(expected, d @ a @ d)
    torch.testing.assert_close(graph, graph.transpose(1, 2))
    assert ((graph != 0).sum(dim=2) < 18).any()
    # fewer tokens than neighbours
    assert similarity_graph(x[:, :3], 8).shape == (2, 3, 3)


@pytest.mark.parametrize('attention', [True, False])
@pytest.mark.parametrize('graph', [True, False])
def test_fusion_of_tokens(attention, graph):
    fusion = TokenFusion(2, 9, 8, attention, graph).eval()
    tokens = torch.randn(3, 2, 9, 8, requires_grad=True)
    fused = fusion(tokens)
    assert fused.shape == (3, 8)
    assert_gradients_reach(fused, fusion, tokens)
    if not attention and not graph:
        plain = tokens + fusion.of_modality + fusion.of_cell
        torch.testing.assert_close(fused, plain.mean(dim=(1, 2)))
    # which sensor a cell is of counts, unless cells are only averaged
    swapped = torch.allclose(fusion(tokens.flip(1)), fused, atol=1e-6)
    assert swapped == (not attention and not graph)


ABLATIONS = dict(
    mmrs={},
    nogan=dict(adversarial=False),
    nomdg=dict(adversarial=False, neck=dict(channels=16, generation=False)),
    nomff=dict(
        neck=dict(channels=16, fusion=False), decode_head=dict(in_channels=32)
    ),
    noattention=dict(neck=dict(channels=16, attention=False)),
    nograph=dict(neck=dict(channels=16, graph=False)),
)


@pytest.mark.parametrize('changes', ABLATIONS.values(), ids=ABLATIONS)
def test_trains_and_answers_without_each_part(changes):
    model = small(**changes).train()
    wrapper, moved = wrapper_of(model), {}
    for name, parameter in model.named_parameters():
        parameter.register_post_accumulate_grad_hook(
            lambda p, name=name: moved.update({name: p.grad.abs().sum()})
        )
    logged = model.train_step(batch(16), wrapper)
    judged = model.discriminator is not None
    completed = model.neck.generator is not None
    assert ('adversarial' in logged) == judged
    assert ('discriminator.loss_real' in logged) == judged
    assert ('loss_reconstruction' in logged) == completed
    assert all(torch.as_tensor(v).isfinite().all() for v in logged.values())
    assert set(moved) == {name for name, _ in model.named_parameters()}
    # Of a score, a constant is 1 up for what is real and 1 down for others.
    still = [name for name, size in moved.items() if size == 0]
    assert still in ([], ['discriminator.real.bias'])
    for present in (('hsi', 'lidar'), ('hsi',), ('lidar',)):
        assert answer(model, images(), present).shape == (2, 5, 1, 1)


def test_a_step_is_two_steps_by_hand():
    """Each optimiser follows its losses, with a forward pass of its own."""
    data = batch(12, [('hsi',), ('lidar',)])
    model = small().train()
    model.ramp = 0.5
    other = copy.deepcopy(model)
    torch.manual_seed(1)
    logged = model.train_step(copy.deepcopy(data), wrapper_of(model))

    data = other.data_preprocessor(data, True)
    inputs, samples = data['inputs'], data['data_samples']
    parts = other.optimized_parts()
    sgd = {k: torch.optim.SGD(p.parameters(), 0.1) for k, p in parts.items()}
    judge, labels = other.discriminator, torch.arange(12) % 5

    torch.manual_seed(1)
    pair = other._pair(inputs, samples)
    real, taken = pair.real, pair.taken
    assert real.tolist() == [False] * 2 + [True] * 10
    assert 0 < taken.sum() < 10 and not taken[:2].any()
    scores, classes = judge(pair.whole[real])
    completed, _ = judge(pair.masked[taken])
    total = (
        torch.relu(1 - scores).mean()
        + torch.relu(1 + completed).mean()
        + 0.5 * functional.cross_entropy(classes, labels[real])
    )
    sgd['discriminator'].zero_grad()
    total.backward()
    sgd['discriminator'].step()

    torch.manual_seed(1)
    pair = other._pair(inputs, samples)
    logits = other.decode_head(pair.features)[..., 0, 0]
    difference = pair.masked - pair.joint
    scores, classes = judge(pair.masked[taken])
    total = functional.cross_entropy(logits, labels) + 0.5 * (
        difference[taken].abs().mean()
        - 0.1 * scores.mean()
        + 0.1 * functional.cross_entropy(classes, labels[taken])
    )
    torch.testing.assert_close(logged['loss'], total.detach())
    sgd['generator'].zero_grad()
    total.backward()
    sgd['generator'].step()
    expected = dict(other.named_parameters())
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            parameter, expected[name], rtol=0, atol=1e-6, msg=name
        )


def test_ramp_of_zero_is_cross_entropy_alone():
    model = small().train()
    model.ramp = 0.0
    before = copy.deepcopy(model.discriminator.state_dict())
    logged = model.train_step(batch(), wrapper_of(model))
    assert 'discriminator.loss_real' not in logged
    torch.testing.assert_close(logged['loss'], logged['decode.loss_ce'])
    for key, value in model.discriminator.state_dict().items():
        assert torch.equal(before[key], value), key


@pytest.mark.parametrize(
    'has', [[('hsi',)] * 3, [('lidar',), ('hsi',)], [('lidar',)]]
)
def test_a_batch_without_a_complete_sample_is_classified_alone(has):
    model = small().train()
    before = copy.deepcopy(model.state_dict())
    logged = model.train_step(batch(len(has), has), wrapper_of(model))
    assert not any(key.startswith('discriminator') for key in logged)
    assert 'adversarial' not in logged
    torch.testing.assert_close(logged['loss'], logged['decode.loss_ce'])
    after = model.state_dict()
    changed = {k for k, x in before.items() if not torch.equal(x, after[k])}
    assert any(key.startswith('decode_head') for key in changed)
    assert not any(key.startswith('discriminator') for key in changed)


@pytest.mark.parametrize('label', [2, 255])
def test_a_batch_of_one_complete_sample_is_judged(label):
    model, data = small().train(), batch(1)
    data['data_samples'][0].gt_sem_seg.data[:] = label
    before = [*copy.deepcopy(model.discriminator).parameters()]
    logged = model.train_step(data, wrapper_of(model))
    assert all(torch.as_tensor(v).isfinite().all() for v in logged.values())
    after = model.discriminator.parameters()
    assert not all(map(torch.equal, before, after))


def test_random_presence():
    torch.manual_seed(0)
    has = torch.ones(8000, dtype=torch.bool)
    has[::4] = False
    there = dict(hsi=has, lidar=torch.ones_like(has))
    complete = has.clone()
    left = random_presence(there, complete)
    mask = present_mask(('hsi', 'lidar'), left)
    assert mask.any(dim=1).all()
    # what was not complete is as it was
    assert (mask[::4] == torch.tensor([False, True])).all()
    shares = [
        (mask[complete] == torch.tensor(row)).all(dim=1).float().mean()
        for row in ([True, True], [True, False], [False, True])
    ]
    torch.testing.assert_close(
        torch.stack(shares), torch.tensor([0.5, 0.25, 0.25]), atol=0.02, rtol=0
    )
    three = dict.fromkeys(('a', 'b', 'c'), torch.ones(9000, dtype=torch.bool))
    mask = present_mask(('a', 'b', 'c'), random_presence(three, three['a']))
    kinds, counts = mask.unique(dim=0, return_counts=True)
    assert len(kinds) == 7
    torch.testing.assert_close(
        counts / 9000,
        torch.tensor([1 / 12] * 6 + [1 / 2]),
        atol=0.015,
        rtol=0,
    )


def test_misuse_is_refused():
    with pytest.raises(ValueError, match='at least two modalities'):
        MMRSNeck(('hsi',))
    with pytest.raises(ValueError, match='nothing is completed'):
        small(neck=dict(channels=16, generation=False))
    with pytest.raises(ValueError, match='expected 9 cells of 16 channels'):
        MMRSNeck(('hsi', 'lidar'), 16)(dict(hsi=(torch.rand(1, 16, 2, 2),)))
    model = small()
    data = model.data_preprocessor(batch(2), True)
    data['inputs'] = images((13, 13))
    with pytest.raises(ValueError, match='windows of 11x11'):
        model.loss(**data)
