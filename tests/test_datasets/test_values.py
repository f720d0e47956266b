import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

STEPS = [
    dict(type='ScaleValues', factor=1e-4),
    dict(type='ScaleValues', factor=0.3, offset=-7.1),
    dict(type='ClipValues', low=0.1, high=99.7),
    dict(type='LinearToDecibel'),
    dict(type='RescaleRange', low=-25, high=90),
]


def run(step, values):
    data = np.array(values, np.float32).reshape(1, 1, -1)
    assert TRANSFORMS.build(step)(data, data) is None  # in place
    return data.ravel()


def formula(step, x):
    """What a step means, in float64."""
    low, high = step.get('low'), step.get('high')
    if step['type'] == 'ScaleValues':
        return x * step['factor'] + step.get('offset', 0)
    if step['type'] == 'ClipValues':
        return np.clip(x, low, high)
    if step['type'] == 'RescaleRange':
        return (np.clip(x, low, high) - low) / (high - low)
    return 10 * np.log10(np.where(x > 0, x, np.nan))


@pytest.mark.parametrize(
    'kind', ['uint8', 'uint16', 'int16', 'int32', 'int64', 'f4', 'f8']
)
@pytest.mark.parametrize('config', STEPS, ids=lambda c: c['type'])
def test_conversion_on_the_way_changes_no_bit(config, kind):
    random = np.random.default_rng(0)
    low, high = (-50, 200) if np.dtype(kind).kind == 'i' else (0, 200)
    source = random.integers(low, high, (2, 5, 7)).astype(kind)
    if np.dtype(kind).kind in 'iu':  # not all fit into 24 bits
        source[0] = np.iinfo(kind).max - np.arange(35).reshape(5, 7)
    else:
        source = source + random.random(source.shape).astype(kind)
    before = source.copy()
    step = TRANSFORMS.build(config)
    out = np.empty(source.shape, np.float32)
    step(source, out)
    expected = source.astype(np.float32)
    step(expected, expected)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(source, before)
    exact = formula(config, source.astype(np.float64))
    np.testing.assert_allclose(out, exact, rtol=1e-6, atol=1e-6)


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
