"""Weights that learn from how well each modality does alone."""

import pytest
import torch
from torch.nn import functional

from multimodal_rs.models.losses.evidence_loss import EvidenceLoss

NAMES = ('opt', 'sar')


def build(**changes):
    return EvidenceLoss(NAMES, 6, 3, 2, **changes)


def maps(size=(6, 4)):
    return {m: torch.randn(2, 6, *size, requires_grad=True) for m in NAMES}


def weights(value=0.5, size=(6, 4)):
    first = torch.full((2, 1, *size), value)
    return torch.cat([first, 1 - first], dim=1).requires_grad_()


def test_against_a_loop():
    loss, inputs, w = build(temperature=0.7, weight=1.0), maps(), weights(0.3)
    label = torch.randint(0, 3, (2, 6, 4))
    label[0, :2, :2] = 255  # a region without a label
    label[1, 0, 1] = 255  # a region with three cells
    terms = loss(inputs, w, label)
    errors = {
        m: functional.cross_entropy(
            loss.classifiers[m](inputs[m]),
            label,
            reduction='none',
            ignore_index=255,
        )
        for m in NAMES
    }
    valid = label != 255
    expected = sum(e.sum() for e in errors.values()) / valid.sum()
    torch.testing.assert_close(terms['loss_evidence'] / 2, expected / 2)
    total, number = 0, 0
    for b in range(2):
        for row in range(0, 6, 2):
            for column in range(0, 4, 2):
                cells = (b, slice(row, row + 2), slice(column, column + 2))
                if not valid[cells].any():
                    continue
                means = [
                    e[cells][valid[cells]].mean() for e in errors.values()
                ]
                pi = (-torch.stack(means) / 0.7).softmax(0).detach()
                total += (pi * (pi / torch.tensor([0.3, 0.7])).log()).sum()
                number += 1
    torch.testing.assert_close(terms['loss_weights'], total / number)


def test_no_gradient_goes_where_it_should_not():
    loss, inputs, w = build(), maps(), weights()
    label = torch.randint(0, 3, (2, 6, 4))
    terms = loss(inputs, w, label)
    sum(terms.values()).backward()
    assert all(x.grad is None for x in inputs.values())
    assert w.grad.abs().sum() > 0
    loss.zero_grad()
    terms = loss(inputs, w, label)
    terms['loss_weights'].backward()
    assert all(p.grad is None for p in loss.parameters())


def test_the_better_modality_gets_the_weight():
    loss = build(temperature=0.1)
    label = torch.randint(0, 3, (2, 6, 4))
    inputs = maps()
    for m in NAMES:
        loss.classifiers[m].weight.data.zero_()
    right = functional.one_hot(label, 3).permute(0, 3, 1, 2).float()
    inputs['sar'] = torch.cat([right, right], dim=1)
    loss.classifiers['sar'].weight.data[:, :3, 0, 0] = 9 * torch.eye(3)
    scores = torch.zeros(2, 2, 6, 4, requires_grad=True)
    optimizer = torch.optim.SGD([scores], lr=100.0)
    for _ in range(100):
        optimizer.zero_grad()
        loss(inputs, scores.softmax(1), label)['loss_weights'].backward()
        optimizer.step()
    assert scores.softmax(1)[:, 1].min() > 0.95


def test_balance_is_zero_for_equal_weights_only():
    loss, inputs = build(balance=1.0), maps()
    label = torch.randint(0, 3, (2, 6, 4))
    for value, expected in ((0.5, 0.0), (0.9, 0.368064)):
        term = loss(inputs, weights(value), label)['loss_balance']
        assert term.item() == pytest.approx(expected, abs=1e-5)


def test_a_missing_modality_has_no_part():
    loss, inputs = build(balance=1.0), maps()
    label = torch.randint(0, 3, (2, 6, 4))
    presence = dict(
        opt=torch.tensor([True, True]), sar=torch.tensor([False, True])
    )
    w = weights().detach()
    w[0, 0], w[0, 1] = 1, 0
    before = loss(inputs, w, label, presence)
    with torch.no_grad():
        inputs['sar'][0] += 5
    after = loss(inputs, w, label, presence)
    for key, value in before.items():
        assert value.isfinite()
        torch.testing.assert_close(value, after[key])
    # Where there is only one, the weight 1 is all right.
    assert before['loss_balance'].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('size', [(7, 5), (1, 1)])
def test_a_batch_without_labels_is_zero(size):
    loss, inputs, w = build(), maps(size), weights(size=size)
    label = torch.full((2, 3 * size[0], 2 * size[1]), 255)
    terms = loss(inputs, w, label)
    assert terms['loss_evidence'] == terms['loss_weights'] == 0
    sum(terms.values()).backward()
