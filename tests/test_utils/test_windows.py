"""Windows and their placement."""

import itertools

import numpy as np
import pytest

from multimodal_rs.inference.blending import axis_starts
from multimodal_rs.utils.windows import Window, sliding_windows, starts

SIZES = [(1, 1), (7, 50), (32, 32), (33, 64), (100, 45)]
CROPS = [(1, 1), (16, 16), (16, 5), (32, 31), (64, 16)]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(('crop', 'stride'), CROPS)
def test_windows_cover_every_pixel_and_nothing_outside(size, crop, stride):
    count = np.zeros(size, int)
    for window in sliding_windows(size, (crop, crop), (stride, stride)):
        assert window.top >= 0 and window.left >= 0
        assert window.bottom <= size[0] and window.right <= size[1]
        assert window.bottom - window.top == min(crop, size[0])
        assert window.right - window.left == min(crop, size[1])
        count[window.slices] += 1
    assert count.min() >= 1


def test_crop_as_large_as_the_image_gives_one_window():
    for crop in (40, 41, 500):
        assert list(sliding_windows((30, 40), (crop, crop), (8, 8))) == [
            Window(0, 0, 30, 40)
        ]


def test_stride_equal_to_crop_does_not_overlap():
    assert starts(64, 16, 16) == [0, 16, 32, 48]
    assert starts(65, 16, 16) == [0, 16, 32, 48, 49]


@pytest.mark.parametrize('stride', [17, 0, -1])
def test_stride_must_be_in_1_to_crop(stride):
    for place in (starts, axis_starts):
        for length in (64, 8):
            with pytest.raises(ValueError, match=f'got stride {stride} with'):
                place(length, 16, stride)


def test_all_combinations_of_rows_and_columns_are_visited():
    windows = list(sliding_windows((40, 30), (16, 16), (8, 8)))
    expected = itertools.product(starts(40, 16, 8), starts(30, 16, 8))
    assert [(w.top, w.left) for w in windows] == list(expected)


def test_a_window_as_another_sees_it():
    image = np.arange(30).reshape(5, 6)
    inner, outer = Window(2, 3, 4, 5), Window(1, 1, 5, 6)
    part = image[outer.slices][inner.seen_from(outer).slices]
    np.testing.assert_array_equal(part, image[inner.slices])
