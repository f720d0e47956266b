"""Placement of a scene's windows, their weights, and what is stitched."""

import numpy as np
import pytest

from multimodal_rs.inference.blending import (
    MovingBand,
    axis_starts,
    axis_weight,
    window_weight,
)
from multimodal_rs.utils.windows import Window

SIZES = [(1, 1), (7, 50), (32, 32), (33, 64), (100, 45)]
CROPS = [(1, 1), (16, 16), (16, 5), (32, 31), (64, 16)]


@pytest.mark.parametrize('length', [1, 15, 16, 17, 40, 100, 101])
@pytest.mark.parametrize(('crop', 'stride'), CROPS)
def test_scene_windows_see_as_much_context_at_the_border(length, crop, stride):
    places = axis_starts(length, crop, stride)
    assert places == sorted(set(places))
    seen = np.concatenate([np.arange(s, s + crop) for s in places])
    assert set(range(length)) <= set(seen)
    if length <= crop:
        assert places == [-((crop - length) // 2)]
    else:
        margin = (crop - stride) // 2
        assert seen.min() == -margin and seen.max() == length - 1 + margin


def test_weight_is_symmetric_largest_inside_and_never_0():
    for crop in (1, 2, 15, 4096):
        weight = window_weight(crop)
        assert weight.min() > 0 and weight.max() <= 1
        np.testing.assert_allclose(weight, weight[::-1], rtol=1e-3)
        assert weight.argmax() in (crop // 2, (crop - 1) // 2)


def stitched(size, crop, stride, value_at):
    """Blend windows of a field, row by row as a scene is."""
    weight = window_weight(crop)
    tops, lefts = (axis_starts(n, crop, stride) for n in size)
    band = MovingBand(1, min(crop, size[0]), size[1])
    rows = []
    for top, following in zip(tops, [*tops[1:], size[0]], strict=True):
        for left in lefts:
            window = Window(top, left, top + crop, left + crop)
            values = value_at(window) * np.outer(weight, weight)
            band.add(window, values[None], np.ones((crop, crop), 'u2'))
        if following > band.top:
            rows.append(band.take(following)[0])
    total = np.concatenate(rows, axis=1)[0]
    return (
        total
        / axis_weight(size[0], tops, weight)[:, None]
        / axis_weight(size[1], lefts, weight)
    )


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('crop', 'stride'), CROPS)
def test_stitched_constant_stays_constant(size, crop, stride):
    field = stitched(size, crop, stride, lambda _: np.float32(3.0))
    assert field.shape == size
    np.testing.assert_allclose(field, 3.0, rtol=1e-5)


@pytest.mark.parametrize(('crop', 'stride'), CROPS)
def test_windows_land_where_they_belong(crop, stride):
    def ramp(window):
        rows = np.arange(window.top, window.bottom)
        columns = np.arange(window.left, window.right)
        return np.add.outer(1000.0 * rows, columns).astype(np.float32)

    size = (45, 70)
    expected = np.add.outer(1000.0 * np.arange(45), np.arange(70))
    field = stitched(size, crop, stride, ramp)
    np.testing.assert_allclose(field, expected, rtol=1e-4, atol=0.05)


def test_band_keeps_unfinished_rows_when_it_moves():
    band = MovingBand(1, 4, 2)
    ones = np.ones((4, 4), np.float32)
    bits = np.full((4, 4), 2, np.uint16)
    band.add(Window(0, 0, 4, 4), ones[None], bits)
    first, seen = band.take(2)
    assert first.shape == (1, 2, 2) and (seen == 2).all()
    bits[1:] = 0
    band.add(Window(2, 0, 6, 4), ones[None], bits // 2)
    second, seen = band.take(6)
    assert second[0, :, 0].tolist() == [2, 2, 1, 1]
    assert seen[:, 0].tolist() == [3, 2, 0, 0]
    assert not band.sums.any() and band.top == 6
