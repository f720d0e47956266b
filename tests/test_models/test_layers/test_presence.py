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
