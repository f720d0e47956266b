"""Accuracy by the distance to the edge of a sensor, counted by hand."""

import math

import numpy as np
import pytest

from multimodal_rs.evaluation.sensor_edges import (
    STRIPS,
    EdgeAccuracy,
    signed_distance,
)


def test_distance_has_a_sign():
    gap = np.zeros((5, 10), bool)
    gap[:, 6:] = True
    expected = [6, 5, 4, 3, 2, 1, -1, -2, -3, -4]
    np.testing.assert_allclose(signed_distance(gap), [expected] * 5)


def test_counts_of_two_scenes():
    gap = np.zeros((3, 20), bool)
    gap[:, 10:] = True
    label = np.zeros((3, 20), np.uint8)
    label[0, :] = 255
    right, wrong = label * 0, label * 0 + 1
    wrong[:, 9] = 0  # beside the edge
    found = EdgeAccuracy()
    for turned in (np.array, lambda a: np.array(a)[:, ::-1]):
        maps = dict(right=turned(right), wrong=turned(wrong))
        found.add(turned(gap), turned(label), maps)
    assert list(found.pixels) == [0, 0, 8, 16, 16, 16, 16, 8, 0, 0]
    rows = {row[0]: row[1:] for row in found.rows(['right', 'wrong'])}
    assert list(rows)[0] == 'gap, beyond 32 px' and len(rows) == len(STRIPS)
    assert rows['gap, 0 to 4 px'] == [16, 100.0, 0.0]
    assert rows['sensor, 0 to 4 px'] == [16, 100.0, pytest.approx(25.0)]
    assert math.isnan(rows['sensor, 16 to 32 px'][1])
