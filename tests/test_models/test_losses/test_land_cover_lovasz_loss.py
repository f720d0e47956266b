"""mmseg's Lovász loss, and what it cannot do."""

import pytest
import torch
from mmseg.registry import MODELS


def build(**arguments):
    return MODELS.build(dict(type='LandCoverLovaszLoss', **arguments))


@pytest.fixture
def maps():
    logits = torch.randn(2, 4, 9, 7, requires_grad=True)
    label = torch.randint(0, 3, (2, 9, 7))  # one class is not there
    label[:, :3] = 255
    return logits, label


@pytest.mark.parametrize(
    'arguments',
    [
        {},
        dict(classes='all', loss_weight=0.5),
        dict(classes=[0, 2], class_weight=[1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_equals_mmsegs(maps, arguments):
    theirs = dict(type='LovaszLoss', reduction='none', **arguments)
    expected = MODELS.build(theirs)(*maps, ignore_index=255)
    torch.testing.assert_close(build(**arguments)(*maps), expected)


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_without_a_labelled_pixel_it_is_zero_with_a_gradient(maps, dtype):
    logits, label = maps
    loss = build()(logits.to(dtype), torch.full_like(label, 255))
    assert loss.item() == 0 and loss.dtype == torch.float32
    loss.backward()
    assert (logits.grad == 0).all()


def test_a_single_labelled_pixel(maps):
    """Then it is how much the probability of its class lacks."""
    logits, label = maps
    label[:], label[1, 4, 5] = 255, 2
    expected = 1 - logits[1, :, 4, 5].softmax(dim=0)[2]
    torch.testing.assert_close(build()(logits, label), expected)


def test_pixels_that_a_sampler_leaves_out_are_ignored(maps):
    logits, label = maps
    weight = torch.ones(2, 9, 7)
    weight[:, :6] = 0
    ignored = label.masked_fill(weight == 0, 255)
    torch.testing.assert_close(
        build()(logits, label, weight=weight), build()(logits, ignored)
    )
