"""Every view that flips and quarter turns can leave."""

import numpy as np
import pytest

from multimodal_rs.transforms.contiguous import contiguous_bands

BANDS_FIRST = np.random.default_rng(0).random((3, 5, 8), np.float32)


@pytest.mark.parametrize('turns', range(4))
@pytest.mark.parametrize('down', [1, -1])
@pytest.mark.parametrize('right', [1, -1])
def test_flips_and_turns(turns, down, right):
    stack = BANDS_FIRST.transpose(1, 2, 0)
    view = np.rot90(stack, turns)[::down, ::right]
    bands = contiguous_bands(view)
    assert bands.flags.c_contiguous
    np.testing.assert_array_equal(bands, view.transpose(2, 0, 1))


@pytest.mark.parametrize(
    'stack',
    [
        np.ascontiguousarray(BANDS_FIRST.transpose(1, 2, 0)),
        BANDS_FIRST.transpose(1, 2, 0)[1:4, 2:7],
        BANDS_FIRST.transpose(1, 2, 0)[::2, ::2],
        BANDS_FIRST.astype(np.float64).transpose(1, 2, 0)[::-1],
        BANDS_FIRST[:, :1].transpose(2, 1, 0)[::-1],
    ],
    ids=['channels last', 'crop', 'every second', 'float64', 'one column'],
)
def test_other_layouts(stack):
    bands = contiguous_bands(stack)
    assert bands.flags.c_contiguous and bands.dtype == np.float32
    np.testing.assert_array_equal(bands, stack.transpose(2, 0, 1))


def test_what_is_contiguous_is_not_copied():
    view = BANDS_FIRST.transpose(1, 2, 0)
    assert np.shares_memory(contiguous_bands(view), BANDS_FIRST)
