"""Against the authors' numbers; what does not count."""

import pytest
import torch
from mmseg.registry import MODELS

from helpers import assert_parity, parity_arrays
from multimodal_rs.models.selfsup.complementary_masked_modeling import (
    hidden_pixels,
)
from multimodal_rs.models.selfsup.masked_reconstruction_loss import (
    masked_squared_error,
)


def build(**kwargs):
    return MODELS.build(dict(type='MaskedReconstructionLoss', **kwargs))


def fixture(masks):
    arrays = parity_arrays('cmss_loss')
    prediction = arrays['in_pred'].requires_grad_()
    opt, sar = prediction.split([4, 2], dim=1)
    hidden = {
        m: hidden_pixels(arrays[f'in_{masks}_mask{i}'], (64, 64))
        for i, m in enumerate(('opt', 'sar'), 1)
    }
    valid = {m: torch.ones_like(x, dtype=bool) for m, x in hidden.items()}
    targets = dict(opt=arrays['in_m1'], sar=arrays['in_m2'])
    return arrays, prediction, (dict(opt=opt, sar=sar), targets, hidden, valid)


@pytest.mark.parametrize('masks', ['comp', 'indiv'])
def test_authors_values_and_gradients(masks):
    arrays, prediction, arguments = fixture(masks)
    terms = build()(*arguments)
    total = sum(terms.values())
    total.backward()
    assert_parity(terms['loss_opt'], arrays[f'out_loss_m1_{masks}'], 1e-6)
    assert_parity(terms['loss_sar'], arrays[f'out_loss_m2_{masks}'], 1e-6)
    assert_parity(total, arrays[f'out_loss_{masks}'], 1e-6)
    assert_parity(prediction.grad, arrays[f'out_grad_pred_{masks}'], 1e-6)


def test_average_over_what_was_hidden():
    _, _, arguments = fixture('comp')
    terms = build(average='hidden')(*arguments)
    assert terms['loss_opt'].item() == pytest.approx(1.9712, abs=5e-5)
    assert terms['loss_sar'].item() == pytest.approx(1.9574, abs=5e-5)


def test_weights():
    _, _, arguments = fixture('comp')
    plain, weighted = build()(*arguments), build(weights=dict(sar=0.25))
    weighted = weighted(*arguments)
    torch.testing.assert_close(weighted['loss_opt'], plain['loss_opt'])
    torch.testing.assert_close(weighted['loss_sar'], plain['loss_sar'] / 4)
    with pytest.raises(KeyError, match=r"weights for \['dem'\]"):
        build(weights=dict(dem=1.0))(*arguments)


@pytest.mark.parametrize('average, expected', [('all', 3.0), ('hidden', 9.0)])
def test_invalid_pixels_count_nowhere(average, expected):
    # Six pixels in a row: 0 and 1 hidden, 1 and 2 and 3 invalid.
    prediction = torch.full((1, 2, 1, 6), 3.0, requires_grad=True)
    target = torch.zeros(1, 2, 1, 6)
    hidden = torch.tensor([1.0, 1, 0, 0, 0, 0]).view(1, 1, 1, 6)
    valid = torch.tensor([1, 0, 0, 0, 1, 1]).bool().view(1, 1, 1, 6)
    error = masked_squared_error(prediction, target, hidden, valid, average)
    assert error.item() == pytest.approx(expected)  # 9 / 3 or 9 / 1
    error.backward()
    assert prediction.grad[0, 0, 0].nonzero().tolist() == [[0]]


def test_nothing_to_reconstruct_is_zero_and_keeps_the_graph():
    prediction = torch.rand(1, 2, 4, 4, requires_grad=True)
    nothing = torch.zeros(1, 1, 4, 4)
    for average in ('all', 'hidden'):
        error = masked_squared_error(
            prediction,
            torch.zeros_like(prediction),
            nothing + 1,
            nothing,
            average,
        )
        error.backward()
        assert error.item() == 0 and prediction.grad.abs().sum() == 0


def test_unknown_average():
    with pytest.raises(ValueError, match="one of .*'all', 'hidden'"):
        build(average='pixels')
