"""The cross entropy that all recipes use."""

from types import SimpleNamespace

import pytest
import torch
from mmseg.registry import MODELS
from mmseg.structures.sampler import OHEMPixelSampler
from torch.nn import functional


def build(**arguments):
    return MODELS.build(dict(type='LandCoverCrossEntropyLoss', **arguments))


@pytest.fixture
def maps():
    logits = torch.randn(2, 4, 9, 7, requires_grad=True)
    label = torch.randint(0, 4, (2, 9, 7))
    label[:, :3] = 255
    label[0] = 255  # a tile without any label
    return logits, label


def test_equals_mmsegs_without_weights(maps):
    logits, label = maps
    theirs = MODELS.build(dict(type='CrossEntropyLoss', avg_non_ignore=True))
    expected = theirs(logits, label, ignore_index=255)
    torch.testing.assert_close(build()(logits, label), expected)
    sampled = torch.rand(2, 9, 7)
    ours = build(loss_weight=0.5)(logits, label, weight=sampled)
    pixels = functional.cross_entropy(
        logits, label, ignore_index=255, reduction='none'
    )
    sampled = sampled * (label != 255)
    torch.testing.assert_close(
        ours, 0.5 * (pixels * sampled).sum() / sampled.sum()
    )


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_class_weights_divide_by_their_own_sum(maps, smoothing):
    logits, label = maps
    weights = [1.0, 0.0, 3.0, 0.5]
    loss = build(class_weight=weights, label_smoothing=smoothing)
    total = below = 0.0
    for b, y, x in (label != 255).nonzero().tolist():
        logp = logits[b, :, y, x].log_softmax(dim=0)
        truth = label[b, y, x]
        hard = -(1 - smoothing) * logp[truth] - smoothing * logp.mean()
        total = total + weights[truth] * hard
        below += weights[truth]
    torch.testing.assert_close(loss(logits, label), total / below)


def test_equals_torch_with_class_weights(maps):
    logits, label = maps
    weights = torch.tensor([1.0, 2.0, 3.0, 0.5])
    expected = functional.cross_entropy(
        logits, label, weight=weights, ignore_index=255
    )
    ours = build(class_weight=weights.tolist())(logits, label)
    torch.testing.assert_close(ours, expected)


def test_focal_term_by_hand():
    logits = torch.log(torch.tensor([0.9, 0.1]))[None, :, None, None]
    for label, p in ((0, 0.9), (1, 0.1)):
        target = torch.full((1, 1, 1), label)
        expected = -((1 - p) ** 2) * torch.tensor(p).log()
        torch.testing.assert_close(build(gamma=2.0)(logits, target), expected)


@pytest.mark.parametrize('gamma', [0.0, 0.5, 2.0])
def test_certain_pixels_have_finite_gradients(gamma):
    logits = torch.tensor([[60.0, -60.0], [-60.0, 60.0]])[..., None, None]
    logits = logits.requires_grad_()
    label = torch.zeros(2, 1, 1, dtype=torch.int64)
    build(gamma=gamma)(logits, label).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.parametrize('weights', [None, [1.0, 2.0, 3.0, 4.0]])
def test_without_a_labelled_pixel_it_is_zero_with_a_gradient(maps, weights):
    logits, label = maps
    loss = build(class_weight=weights)(logits, torch.full_like(label, 255))
    assert loss.item() == 0
    loss.backward()
    assert logits.grad.abs().sum() == 0


def test_ignored_class_zero(maps):
    """REF-Net's authors ignore 0 and give a weight to every id."""
    logits, label = maps
    label = label.masked_fill(label == 255, 0)
    ours = build(class_weight=[9.0, 1.0, 1.0, 1.0])
    expected = functional.cross_entropy(logits, label, ignore_index=0)
    torch.testing.assert_close(ours(logits, label, ignore_index=0), expected)


def test_the_loss_of_each_pixel(maps):
    logits, label = maps
    loss = build(class_weight=[1.0, 2.0, 3.0, 0.5], loss_weight=0.5)
    weights = loss.class_weight
    expected = 0.5 * functional.cross_entropy(
        logits, label, weights, ignore_index=255, reduction='none'
    )
    torch.testing.assert_close(
        loss(logits, label, reduction_override='none'), expected
    )
    with pytest.raises(ValueError, match="None or 'none', got 'sum'"):
        loss(logits, label, reduction_override='sum')


@pytest.mark.parametrize(
    'loss, thresh, message',
    [
        ('LandCoverCrossEntropyLoss', None, None),
        ('LandCoverCrossEntropyLoss', 0.7, None),
        ('BatchDiceLoss', None, 'BatchDiceLoss: .* set `thresh`'),
        ('BatchDiceLoss', 0.7, None),
        ('LandCoverLovaszLoss', None, 'LandCoverLovaszLoss: .* set `thresh`'),
        ('LandCoverLovaszLoss', 0.7, None),
    ],
)
def test_pixel_samplers(maps, loss, thresh, message):
    logits, label = maps
    head = SimpleNamespace(
        ignore_index=255, loss_decode=MODELS.build(dict(type=loss))
    )
    sampler = OHEMPixelSampler(head, thresh, min_kept=5)
    if message:
        with pytest.raises(ValueError, match=message):
            sampler.sample(logits, label[:, None])
        return
    weight = sampler.sample(logits, label[:, None])
    assert (label[weight > 0] != 255).all()
    if thresh is None:
        assert weight.sum() == 10  # 5 of each sample, the hardest ones
        pixels = functional.cross_entropy(
            logits, label, ignore_index=255, reduction='none'
        )
        assert pixels[weight > 0].min() >= pixels[weight == 0].max()
    assert head.loss_decode(logits, label, weight, ignore_index=255) > 0


def test_half_precision_is_summed_in_float32(maps):
    logits, label = maps
    loss = build()(logits.to(torch.bfloat16), label)
    assert loss.dtype == torch.float32


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(label_smoothing=1.0), r'in \[0, 1\)'),
        (dict(gamma=-1.0), 'gamma at least 0'),
        (dict(gamma=1.0, label_smoothing=0.1), 'contradict'),
        (dict(class_weight=[1.0, -1.0]), r'at least 0 .* \[1.0, -1.0\]'),
        (dict(class_weight=[0.0, 0.0]), 'above it for one'),
    ],
)
def test_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


def test_weights_of_other_classes(maps):
    with pytest.raises(ValueError, match='has 3 entries, the network 4'):
        build(class_weight=[1.0, 1.0, 1.0])(*maps)
