import math

import numpy as np
import pytest

from multimodal_rs.evaluation.displacement import (
    agreement,
    mean_offset,
    read_field,
)

FIELD = np.random.default_rng(0).normal(size=(50, 2))


def test_half_of_it_and_a_constant_shift():
    found = agreement(0.5 * FIELD + [3, -1], FIELD)
    assert found.correlation == pytest.approx(1)
    assert found.slope == pytest.approx(0.5)
    assert found.places == 50


def test_the_wrong_way_and_nothing():
    assert agreement(-FIELD, FIELD).correlation == pytest.approx(-1)
    nothing = agreement(np.zeros_like(FIELD), FIELD)
    assert math.isnan(nothing.correlation)
    assert nothing.slope == nothing.found_length == 0
    length = np.hypot(FIELD[:, 0], FIELD[:, 1]).mean()
    assert nothing.simulated_length == pytest.approx(length)


def test_as_numpy_correlates_components_of_mean_0():
    other = np.random.default_rng(1).normal(size=(50, 2)) + FIELD
    one, two = (x - x.mean(axis=0) for x in (other, FIELD))
    expected = np.corrcoef(one.ravel(), two.ravel())[0, 1]
    assert agreement(other, FIELD).correlation == pytest.approx(expected)


def test_swapped_components_do_not_agree():
    assert abs(agreement(FIELD[:, ::-1], FIELD).correlation) < 0.5


def test_offsets_count_by_their_gates():
    offsets = np.array([[[1.0, 0.0], [0.0, 4.0]]])
    gates = np.array([[0.1, 0.3]])
    np.testing.assert_allclose(mean_offset(offsets, gates), [[0.25, 3.0]])


def test_fields_are_read_at_x_and_y():
    rows, columns = np.indices((4, 6), np.float64)
    field = np.stack([rows, 10 * columns])
    places = np.array([[2.5, 1.0], [5.0, 3.0]])
    expected = [[25.0, 1.0], [50.0, 3.0]]  # x: of the columns
    np.testing.assert_allclose(read_field(field, places), expected)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match='two arrays'):
        agreement(FIELD, FIELD[1:])
