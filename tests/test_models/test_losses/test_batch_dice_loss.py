import numpy as np
import pytest
import torch
from mmseg.registry import MODELS


def loss(**changes):
    return MODELS.build(dict(type='BatchDiceLoss') | changes)


def by_definition(logits, label, ignore_index=255):
    """Per class: 1 - 2 |P and Y| / (|P| + |Y|), 0 without labels; mean."""
    logits, label = logits.double().numpy(), label.numpy()
    exponential = np.exp(logits - logits.max(axis=1, keepdims=True))
    probability = exponential / exponential.sum(axis=1, keepdims=True)
    valid = label != ignore_index
    terms = []
    for k in range(logits.shape[1]):
        p, y = probability[:, k][valid], label[valid] == k
        if not y.any():
            terms.append(0.0)
            continue
        terms.append(1 - 2 * p[y].sum() / (p.sum() + y.sum()))
    return sum(terms) / len(terms)


def batch(classes=5, absent=None):
    logits = 2 * torch.randn(2, classes, 7, 9)
    label = torch.randint(0, classes, (2, 7, 9))
    if absent is not None:
        label[label == absent] = 0
    return logits, label


@pytest.mark.parametrize('absent', [None, 3])
@pytest.mark.parametrize('ignored', [False, True])
def test_definition(absent, ignored):
    logits, label = batch(absent=absent)
    if ignored:
        label[:, 2:5, 1:] = 255
    value = loss(loss_weight=0.5)(logits, label)
    assert value.item() == pytest.approx(0.5 * by_definition(logits, label))


def test_a_worked_example():
    """Two classes, four pixels, probabilities 3/4 and 1/4."""
    logits = torch.tensor([[3.0, 3.0, 1.0, 1.0], [1.0, 1.0, 3.0, 3.0]]).log()
    label = torch.tensor([[[0, 0], [0, 1]]])
    # class 0: 2 (3/4 + 3/4 + 1/4) / (2 + 3) = 7/10
    # class 1: 2 (3/4) / (2 + 1) = 1/2
    value = loss()(logits.view(1, 2, 2, 2), label)
    assert value.item() == pytest.approx(1 - (0.7 + 0.5) / 2)


def test_the_whole_batch_counts_not_the_mean_of_samples():
    logits, label = batch()
    together = loss()(logits, label)
    one, other = (loss()(logits[i : i + 1], label[i : i + 1]) for i in (0, 1))
    assert not torch.isclose(together, (one + other) / 2)


def test_ignored_pixels_have_no_influence():
    logits, label = batch()
    label[:, :3] = 255
    changed = logits.clone()
    changed[:, :, :3] = torch.randn(2, 5, 3, 9)
    torch.testing.assert_close(loss()(logits, label), loss()(changed, label))
    logits.requires_grad_()
    loss()(logits, label).backward()
    assert (logits.grad[:, :, :3] == 0).all()
    assert (logits.grad[:, :, 3:] != 0).all()


def test_weight_zero_is_ignoring():
    logits, label = batch()
    ignored = label.clone()
    ignored[:, :3] = 255
    weight = (ignored != 255).float()
    torch.testing.assert_close(
        loss()(logits, label, weight=weight), loss()(logits, ignored)
    )


def test_perfect_wrong_and_empty():
    _, label = batch()
    onehot = torch.nn.functional.one_hot(label, 5).permute(0, 3, 1, 2)
    logits = 100.0 * onehot
    assert loss()(logits, label).item() == pytest.approx(0, abs=1e-6)
    shifted = logits.roll(1, dims=1)
    assert loss()(shifted, label).item() == pytest.approx(1, abs=1e-6)
    assert loss()(logits, torch.full_like(label, 255)).item() == 0


def test_half_precision_is_summed_in_float32():
    logits = torch.randn(1, 3, 256, 256).bfloat16()
    label = torch.randint(0, 3, (1, 256, 256))
    value = loss()(logits, label)
    assert value.dtype == torch.float32
    expected = by_definition(logits.float(), label)
    assert value.item() == pytest.approx(expected, rel=1e-4)
