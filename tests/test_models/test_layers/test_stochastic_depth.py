import pytest
import torch

from multimodal_rs.models.layers.stochastic_depth import StochasticDepth


def test_keeps_or_skips_whole_samples():
    torch.manual_seed(0)
    x, branch = torch.randn(2, 400, 3, 4, 5)
    result = StochasticDepth(0.25)(x, branch)
    skipped = (result == x).flatten(1).all(1)
    added = torch.isclose(result, x + branch / 0.75, atol=1e-6)
    assert torch.equal(added.flatten(1).all(1), ~skipped)
    # 100 expected, 8.7 standard deviation
    assert 65 < skipped.sum() < 135


@pytest.mark.parametrize('rate, training', [(0.5, False), (0.0, True)])
def test_is_a_sum_otherwise(rate, training):
    x, branch = torch.randn(2, 8, 3, 4, 5)
    layer = StochasticDepth(rate).train(training)
    assert torch.equal(layer(x, branch), x + branch)


def test_gradients_follow_the_draws():
    x = torch.randn(64, 3, requires_grad=True)
    branch = torch.randn(64, 3, requires_grad=True)
    torch.manual_seed(1)
    result = StochasticDepth(0.5)(x, branch)
    kept = (result != x).all(1)
    result.sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))
    assert torch.equal(branch.grad, 2.0 * kept[:, None].expand(64, 3))


def test_half_precision_branch_of_a_float_map():
    x, branch = torch.randn(4, 3), torch.randn(4, 3, dtype=torch.bfloat16)
    assert StochasticDepth(0.5)(x, branch).dtype == torch.float32


@pytest.mark.parametrize('rate', [-0.1, 1.0])
def test_other_probabilities_are_refused(rate):
    with pytest.raises(ValueError, match='from 0 to below 1'):
        StochasticDepth(rate)
