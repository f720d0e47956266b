"""Error of hidden pixels."""

import pytest
import torch
from mmseg.registry import METRICS


def sample(errors, counted, absent=False):
    """One sample: errors (H, W) of two bands, counted (H, W)."""
    target = torch.rand(2, *errors.shape)
    fields = dict(
        reconstruction=dict(opt=target + errors, sar=target[:1]),
        target=dict(opt=target, sar=target[:1]),
        counted=dict(
            opt=counted[None], sar=torch.full_like(counted[None], not absent)
        ),
    )
    return fields


def evaluate(*batches):
    metric = METRICS.build(
        dict(type='MaskedReconstructionMetric', prefix='val')
    )
    for batch in batches:
        metric.process({}, batch)
    return metric.evaluate(size=sum(map(len, batches)))


# Three counted pixels with squared error 4, one with 1; others do not count.
FIRST = sample(
    torch.tensor([[2.0, 2.0, 9.0]]), torch.tensor([[True, True, False]])
)
SECOND = sample(
    torch.tensor([[2.0], [1.0], [7.0]]),
    torch.tensor([[True], [True], [False]]),
)


def test_every_counted_pixel_has_the_same_weight():
    expected = (3 * 4 + 1) / 4
    for batches in ([[FIRST, SECOND]], [[FIRST], [SECOND]]):
        result = evaluate(*batches)
        assert list(result) == [
            'val/masked_error',
            'val/masked_error_opt',
            'val/masked_error_sar',
        ]
        assert result['val/masked_error_opt'] == pytest.approx(expected)
        assert result['val/masked_error_sar'] == 0
        assert result['val/masked_error'] == pytest.approx(expected)


def test_absent_modalities_are_left_out():
    nothing = torch.zeros(1, 3).bool()
    result = evaluate([sample(torch.ones(1, 3), ~nothing, absent=True)])
    assert 'val/masked_error_sar' not in result
    assert result['val/masked_error'] == pytest.approx(1.0)
    with pytest.raises(ValueError, match='hidden, valid pixel of'):
        evaluate([sample(torch.ones(1, 3), nothing, absent=True)])
