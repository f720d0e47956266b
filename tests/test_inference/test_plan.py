"""Which windows answer which pixels of a scene."""

import itertools

import numpy as np
import pytest

from multimodal_rs.inference.plan import Plan, fitting_stride

SIZES = [(1, 1), (7, 50), (32, 32), (33, 64), (100, 45)]


def windows_of(plan, batch_size=3):
    """All windows, and the row before which all is done after each batch."""
    batches = list(plan.rows(batch_size))
    windows = [w for batch, _ in batches for w in batch]
    assert plan.count == len(windows)
    return windows, [done for _, done in batches]


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize(
    ('margin', 'crop'),
    [(0, 1), (0, 32), (2, 5), (2, 17), (5, 11), (5, 32), (5, 500)],
)
def test_each_pixel_is_answered_once_with_its_margin(size, margin, crop):
    for stride in {1, 3, fitting_stride(crop, None, margin)}:
        if stride > crop - 2 * margin:
            continue
        plan = Plan.of(size, crop, stride, margin)
        answered = np.zeros(size, int)
        for window in windows_of(plan)[0]:
            assert min(window) >= 0
            assert window.bottom <= size[0] and window.right <= size[1]
            rows, columns = plan.answered(window)
            answered[window.slices][rows, columns] += 1
            for part, first, end, length in (
                (rows, window.top, window.bottom, size[0]),
                (columns, window.left, window.right, size[1]),
            ):
                # as far as the scene goes
                assert part.start >= margin or first == 0
                assert part.stop <= end - first - margin or end == length
        assert (answered == 1).all()
        assert (plan.down.total == 1).all() and (plan.across.total == 1).all()


def test_no_more_windows_than_needed():
    windows, _ = windows_of(Plan.of((100, 300), 64, 54, 5))
    places = itertools.product((0, 36), (0, 54, 108, 162, 216, 236))
    assert [(w.top, w.left) for w in windows] == list(places)


@pytest.mark.parametrize('margin', [None, 5])
def test_part_of_the_rows(margin):
    plan = Plan.of((200, 40), 32, 16, margin)
    every = windows_of(plan)[0]
    for begin, end in ((0, 200), (0, 1), (60, 61), (90, 140), (199, 200)):
        kept, done = windows_of(plan.only(begin, end))
        rows = range(begin, end)
        expected = []
        for window in every:
            part = plan.answered(window)[0]
            first, last = window.top + part.start, window.top + part.stop
            if set(range(first, last)) & set(rows):
                expected.append(window)
        assert kept == expected
        assert done == sorted(done) and done[-1] == end


def test_what_is_read_around_a_window():
    plan = Plan.of((200, 300), 64, 54, 5)
    windows, _ = windows_of(plan)
    assert plan.around(windows[0]) == (0, 0, 76, 76)
    assert (54, 108, 118, 172) in windows
    inside = windows[windows.index((54, 108, 118, 172))]
    assert plan.around(inside) == (42, 96, 130, 184)
    blended = Plan.of((200, 300), 64, 32, None)
    for window in windows_of(blended)[0]:
        assert blended.around(window) is window
        assert blended.answered(window) == (slice(0, 64), slice(0, 64))


def test_stride():
    assert fitting_stride(64, None, None) == 32
    assert fitting_stride(1, None, None) == 1
    assert fitting_stride(64, 64, None) == 64
    assert fitting_stride(64, None, 5) == 54
    assert fitting_stride(64, 9, 5) == 9
    assert fitting_stride(1, None, 0) == 1
    with pytest.raises(ValueError, match='larger than 10, got 10'):
        fitting_stride(10, 1, 5)
    with pytest.raises(ValueError, match='at most 54 with crop 64, got 55'):
        fitting_stride(64, 55, 5)
