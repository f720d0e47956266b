"""Random fields have the statistics they promise."""

import numpy as np
import pytest

from multimodal_rs.simulation.fields import (
    choose,
    lots,
    smooth_field,
    smooth_line,
)


@pytest.mark.parametrize('length', [4, 12])
def test_field_has_mean_0_and_variance_1(length: float):
    rng = np.random.default_rng(0)
    fields = [smooth_field(rng, (150, 170), length) for _ in range(20)]
    assert fields[0].shape == (150, 170)
    assert fields[0].dtype == np.float32
    assert np.mean(fields) == pytest.approx(0, abs=0.1)
    assert np.var(fields) == pytest.approx(1, rel=0.15)


def test_longer_scale_is_smoother():
    rng = np.random.default_rng(0)
    short, long = (
        np.diff(smooth_field(rng, (100, 100), length)).std()
        for length in (4, 16)
    )
    assert long < short / 2


def test_opposite_edges_of_a_field_are_independent():
    rng = np.random.default_rng(0)
    edges = [smooth_field(rng, (64, 64), 6)[:, [0, -1]] for _ in range(60)]
    first, last = np.concatenate(edges).T
    assert abs(np.corrcoef(first, last)[0, 1]) < 0.2


def test_line_has_variance_1():
    rng = np.random.default_rng(0)
    lines = [smooth_line(rng, 300, 8) for _ in range(50)]
    assert lines[0].shape == (300,)
    assert np.var(lines) == pytest.approx(1, rel=0.2)


def test_lots_are_numbered_without_gaps_and_have_the_size():
    numbers = lots(np.random.default_rng(0), (200, 240), 10, 20)
    assert numbers.shape == (200, 240)
    count = numbers.max() + 1
    assert np.array_equal(np.unique(numbers), np.arange(count))
    assert 100 < numbers.size / count < 320  # pixels; 10 x 20 on average


def test_choice_keeps_the_shares():
    chance = np.random.default_rng(0).random(20_000)
    picked = choose(chance, [0.5, 0.2, 0.3])
    shares = np.bincount(picked) / len(picked)
    np.testing.assert_allclose(shares, [0.5, 0.2, 0.3], atol=0.02)
