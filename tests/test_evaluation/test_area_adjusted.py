"""The worked example of Olofsson et al. 2014, and what follows from it."""

import numpy as np
import pytest

from multimodal_rs.evaluation.area_adjusted import area_adjusted

SAMPLE = np.array(  # by class of the map
    [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]]
)
MAPPED = 0.09 * np.array([200_000, 150_000, 3_200_000, 6_450_000])


def test_worked_example():
    found = area_adjusted(SAMPLE.T, MAPPED)
    assert round(found.area[0]) == 21158
    assert round(found.area_error[0]) == 6158
    assert round(found.overall, 2) == 0.95
    assert round(found.overall_error, 2) == 0.02
    assert found.area.sum() == pytest.approx(MAPPED.sum())


def test_intervals_hold_what_they_promise():
    """Samples drawn from a known map: 95 in 100 intervals hold the truth."""
    rng = np.random.default_rng(0)
    share = np.array([0.1, 0.3, 0.6])
    rates = np.array([[0.8, 0.1, 0.1], [0.05, 0.9, 0.05], [0.02, 0.08, 0.9]])
    cells = share[:, None] * rates
    truth = dict(
        area=1000 * cells.sum(0),
        user=np.diag(rates),
        producer=np.diag(cells) / cells.sum(0),
        overall=np.trace(cells),
    )
    trials = 400
    held = {name: np.zeros_like(np.atleast_1d(v)) for name, v in truth.items()}
    for _ in range(trials):
        drawn = np.stack([rng.multinomial(150, row) for row in rates])
        found = area_adjusted(drawn.T, 1000 * share)
        for name, value in truth.items():
            off = abs(getattr(found, name) - value)
            held[name] += off <= getattr(found, f'{name}_error')
    for name, counts in held.items():
        assert (counts / trials > 0.9).all(), name
        assert (counts / trials <= 0.99).all(), name


def test_classes_that_are_not_mapped_or_not_true():
    matrix = np.array([[50, 5, 0], [0, 40, 0], [3, 0, 0]])  # 2: never mapped
    found = area_adjusted(matrix, np.array([60.0, 40.0, 0.0]))
    assert found.area.sum() == pytest.approx(100)
    assert found.area[2] == pytest.approx(60 * 3 / 53)
    assert np.isnan(found.user).tolist() == [False, False, True]
    assert found.producer[2] == 0
    matrix[2] = 0  # and never true
    found = area_adjusted(matrix, np.array([60.0, 40.0, 0.0]))
    assert found.area[2] == 0 and np.isnan(found.producer[2])


def test_too_few_samples_are_named():
    matrix = np.array([[50, 0], [3, 1]])
    with pytest.raises(ValueError, match=r'label more of the classes \[1\]'):
        area_adjusted(matrix, np.array([60.0, 40.0]))
    with pytest.raises(ValueError, match='expected a map'):
        area_adjusted(matrix, np.zeros(2))
