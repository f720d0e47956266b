"""Means and weights over what a sample has."""

import torch

from multimodal_rs.models.layers.presence import (
    mean_of_present,
    weights_of_present,
)

PRESENCE = dict(
    opt=torch.tensor([True, True, False]),
    sar=torch.tensor([True, False, True]),
)


def test_mean():
    maps = dict(opt=torch.randn(3, 2, 4), sar=torch.randn(3, 2, 4))
    mean = mean_of_present(maps, PRESENCE)
    torch.testing.assert_close(mean[0], (maps['opt'] + maps['sar'])[0] / 2)
    torch.testing.assert_close(mean[1], maps['opt'][1])
    torch.testing.assert_close(mean[2], maps['sar'][2])
    everything = (maps['opt'] + maps['sar']) / 2
    torch.testing.assert_close(mean_of_present(maps), everything)


def test_weights():
    scores = dict(opt=torch.randn(3, 2, 4), sar=torch.randn(3, 2, 4))
    weights = weights_of_present(scores, PRESENCE)
    full = weights_of_present(scores)
    odds = (scores['opt'] - scores['sar']).exp()
    torch.testing.assert_close(full[:, 0] / full[:, 1], odds)
    torch.testing.assert_close(weights[0], full[0])
    assert (weights[1, 0] == 1).all() and (weights[1, 1] == 0).all()
    assert (weights[2, 0] == 0).all() and (weights[2, 1] == 1).all()


def test_what_is_missing_may_be_no_number():
    maps = dict(opt=torch.randn(3, 2, 4), sar=torch.randn(3, 2, 4))
    expected = mean_of_present(maps, PRESENCE)
    weights = weights_of_present(maps, PRESENCE)
    maps['opt'][2], maps['sar'][1] = torch.nan, torch.inf
    torch.testing.assert_close(mean_of_present(maps, PRESENCE), expected)
    torch.testing.assert_close(weights_of_present(maps, PRESENCE), weights)


def test_a_sample_without_anything_has_zeros():
    maps = {m: torch.randn(2, 3, 4, requires_grad=True) for m in PRESENCE}
    nothing = {m: torch.tensor([True, False]) for m in maps}
    mean = mean_of_present(maps, nothing)
    weights = weights_of_present(maps, nothing)
    assert (mean[1] == 0).all() and (weights[1] == 0).all()
    assert torch.equal(weights[0], weights_of_present(maps)[0])
    (mean.sum() + weights.square().sum()).backward()
    assert all(x.grad.isfinite().all() for x in maps.values())
