"""Validation loss."""

import pytest
import torch
import torch.nn.functional as F
from mmseg.registry import METRICS

from multimodal_rs.evaluation.cross_entropy_metric import CrossEntropyMetric


def _sample(seed: int, size: tuple, ignored: int) -> dict:
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(4, *size, generator=generator)
    truth = torch.randint(0, 4, (1, *size), generator=generator)
    truth.view(-1)[:ignored] = 255
    return {'seg_logits': {'data': logits}, 'gt_sem_seg': {'data': truth}}


def _pixels(samples: list[dict]) -> tuple[torch.Tensor, torch.Tensor]:
    logits = [sample['seg_logits']['data'].flatten(1) for sample in samples]
    truth = [sample['gt_sem_seg']['data'].flatten() for sample in samples]
    return torch.cat(logits, dim=1).T.double(), torch.cat(truth)


# Sizes and ignored shares differ: a mean of means would be another number.
SAMPLES = [
    _sample(0, (3, 5), ignored=10),
    _sample(1, (7, 4), ignored=0),
    _sample(2, (2, 2), ignored=4),
]


def test_is_the_mean_over_counted_pixels() -> None:
    metric = METRICS.build(dict(type='CrossEntropyMetric', prefix='val'))
    metric.process({}, SAMPLES[:2])
    metric.process({}, SAMPLES[2:])
    result = metric.evaluate(size=3)
    logits, truth = _pixels(SAMPLES)
    expected = F.cross_entropy(logits, truth, ignore_index=255)
    assert result == {
        'val/cross_entropy': pytest.approx(expected.item(), rel=1e-6)
    }


def test_hand_worked_loss() -> None:
    probability = torch.tensor([[0.5, 0.9], [0.5, 0.1]])
    sample = {
        'seg_logits': {'data': probability.log()[:, None]},
        'gt_sem_seg': {'data': torch.tensor([[[0, 1]]])},
    }
    metric = CrossEntropyMetric()
    metric.process({}, [sample])
    expected = -torch.tensor([0.5, 0.1]).log().mean().item()
    assert metric.evaluate(1)['cross_entropy'] == pytest.approx(
        expected, rel=1e-6
    )


def test_ignore_index_can_be_chosen() -> None:
    metric = CrossEntropyMetric(ignore_index=2)
    sample = _sample(3, (6, 6), ignored=0)
    metric.process({}, [sample])
    logits, truth = _pixels([sample])
    expected = F.cross_entropy(logits, truth, ignore_index=2)
    result = metric.evaluate(1)['cross_entropy']
    assert result == pytest.approx(expected.item(), rel=1e-6)


def test_padded_duplicates_do_not_count() -> None:
    single, padded = CrossEntropyMetric(), CrossEntropyMetric()
    single.process({}, SAMPLES)
    padded.process({}, [*SAMPLES, SAMPLES[1]])
    assert padded.evaluate(size=3) == single.evaluate(size=3)


def test_order_of_samples_does_not_change_a_digit() -> None:
    results = [(1e16, 1), (1.0, 1), (-1e16, 1)]
    metric = CrossEntropyMetric()
    assert metric.compute_metrics(results) == {'cross_entropy': 1 / 3}
    assert metric.compute_metrics(results[::-1]) == {'cross_entropy': 1 / 3}


def test_half_precision_logits_are_summed_in_full() -> None:
    logits = torch.randn(4, 200, 200).half()
    truth = torch.randint(0, 4, (1, 200, 200))
    sample = {'seg_logits': {'data': logits}, 'gt_sem_seg': {'data': truth}}
    metric = CrossEntropyMetric()
    metric.process({}, [sample])
    expected = F.cross_entropy(*_pixels([sample])).item()
    assert metric.evaluate(1)['cross_entropy'] == pytest.approx(
        expected, rel=1e-6
    )


def test_nothing_to_evaluate() -> None:
    metric = CrossEntropyMetric()
    metric.process({}, SAMPLES[2:])
    with pytest.raises(ValueError, match='all 1 samples .* label 255'):
        metric.evaluate(1)


def test_label_without_channel() -> None:
    sample = _sample(0, (3, 3), ignored=0)
    sample['gt_sem_seg']['data'][0, 1, 1] = 4
    with pytest.raises(ValueError, match=r'0\.\.3, got \[4\] in 1 pixels'):
        CrossEntropyMetric().process({}, [sample])


def test_sizes_differ() -> None:
    sample = _sample(0, (3, 3), ignored=0)
    sample['gt_sem_seg']['data'] = torch.zeros(1, 9, 1, dtype=torch.int64)
    with pytest.raises(ValueError, match=r'got \(3, 3\) and \(9, 1\)'):
        CrossEntropyMetric().process({}, [sample])
