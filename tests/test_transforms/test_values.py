import numpy as np
import pytest
from mmseg.registry import TRANSFORMS


def run(step, values):
    data = np.array(values, np.float32).reshape(1, 1, -1)
    assert TRANSFORMS.build(step)(data) is None  # in place
    return data.ravel()


def test_scale():
    out = run(dict(type='ScaleValues', factor=1e-4, offset=-0.1), [1e4, 0])
    np.testing.assert_allclose(out, [0.9, -0.1], rtol=1e-6)


def test_clip_keeps_nan():
    out = run(dict(type='ClipValues', low=0, high=1), [-1, 0.5, 2, np.nan])
    np.testing.assert_array_equal(out, [0, 0.5, 1, np.nan])


def test_linear_to_decibel():
    out = run(dict(type='LinearToDecibel'), [1, 0.1, 100, 0, -1])
    np.testing.assert_allclose(out, [0, -10, 20, np.nan, np.nan], atol=1e-6)


def test_rescale_range():
    step = dict(type='RescaleRange', low=-25, high=0)
    out = run(step, [-40, -25, -12.5, 0, 7])
    np.testing.assert_allclose(out, [0, 0, 0.5, 1, 1])


@pytest.mark.parametrize('kind', ['ClipValues', 'RescaleRange'])
def test_empty_range(kind):
    with pytest.raises(ValueError, match='low must be below high'):
        TRANSFORMS.build(dict(type=kind, low=1, high=1))
