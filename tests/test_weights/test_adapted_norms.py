"""Statistics of a place, by hand."""

import pytest
import torch
from torch import nn

from multimodal_rs.weights.adapted_norms import AdaptedNorms


def network():
    model = nn.Sequential(nn.BatchNorm2d(2), nn.Conv2d(2, 3, 1))
    model[0].running_mean.copy_(torch.tensor([1.0, 2.0]))
    model[0].running_var.copy_(torch.tensor([4.0, 9.0]))
    return model.eval()


def test_what_is_measured_is_the_place():
    model = network()
    norms = AdaptedNorms(model, 0.25)
    place = 5 + 3 * torch.randn(
        8, 2, 16, 16, generator=torch.Generator().manual_seed(0)
    )
    found = norms.measure(lambda: model(place))
    torch.testing.assert_close(found.means[0], place.mean((0, 2, 3)))
    torch.testing.assert_close(found.variances[0], place.var((0, 2, 3)))
    # Nothing has changed until it is adapted.
    assert model[0].running_mean.tolist() == [1, 2]
    assert model[0].momentum == 0.1 and not model[0].training
    norms.adapt(found)
    expected = 0.75 * torch.tensor([4.0, 9.0]) + 0.25 * found.variances[0]
    torch.testing.assert_close(model[0].running_var, expected)
    norms.reset()
    assert model[0].running_var.tolist() == [4, 9]


def test_all_of_the_place_normalises_it():
    model = network()
    norms = AdaptedNorms(model, 1.0)
    place = 5 + 3 * torch.randn(4, 2, 32, 32)
    with norms.adapted(lambda: model(place)):
        y = model[0](place)
    torch.testing.assert_close(
        y.mean((0, 2, 3)), torch.zeros(2), atol=1e-5, rtol=0
    )
    assert model[0].running_mean.tolist() == [1, 2]


def test_batches_are_averaged():
    model = network()
    norms = AdaptedNorms(model, 1.0)
    batches = torch.randn(3, 4, 2, 8, 8) + torch.arange(3).view(3, 1, 1, 1, 1)

    def run():
        for batch in batches:
            model(batch)

    expected = batches.mean((1, 3, 4)).mean(0)
    torch.testing.assert_close(norms.measure(run).means[0], expected)


def test_layers_that_saw_nothing_keep_what_they_have():
    model = network()
    model.append(nn.BatchNorm2d(3).eval())
    norms = AdaptedNorms(model, 1.0)
    found = norms.measure(lambda: model[0](torch.randn(2, 2, 4, 4)))
    assert found.variances[1].tolist() == [1, 1, 1]
    assert found.variances[0].tolist() != [4, 9]


def test_a_failure_leaves_the_network_as_it_was():
    model = network()
    norms = AdaptedNorms(model, 1.0)

    def fail():
        model(torch.randn(2, 2, 4, 4))
        raise OSError('damaged')

    with pytest.raises(OSError, match='damaged'):
        norms.measure(fail)
    assert model[0].running_mean.tolist() == [1, 2]
    assert not model[0].training


def test_networks_without_and_wrong_shares_are_refused():
    with pytest.raises(ValueError, match='no batch normalisation'):
        AdaptedNorms(nn.Conv2d(1, 1, 1), 0.5)
    with pytest.raises(ValueError, match='within 0 and 1, got 2'):
        AdaptedNorms(network(), 2)
