import numpy as np
import pytest

from multimodal_rs.datasets.modality import build_modalities


def build(**declaration):
    return build_modalities(dict(opt=declaration))['opt']


CLIP = dict(type='ClipValues', low=0.0, high=1.0)


def test_bands_by_name_and_by_index():
    names = ['B2', 'B3', 'B4', 'B8']
    assert build(bands=['B4', 'B2'], file_bands=names).indices == (2, 0)
    assert build(bands=[3, 0]).indices == (3, 0)


def test_display_takes_bands_by_name():
    modality = build(
        bands=['B4', 'B3', 'B2', 'B8'],
        file_bands=['B2', 'B3', 'B4', 'B8'],
        display=dict(bands=['B8', 'B4', 'B3']),
    )
    assert modality.display_indices == (3, 0, 1)
    assert build(bands=[0, 1]).display_indices == (0,)
    assert build(bands=[0, 1, 2, 3]).display_indices == (0, 1, 2)


@pytest.mark.parametrize(
    'declaration, error, message',
    [
        (dict(), ValueError, 'does not say which bands'),
        (dict(bands=[]), ValueError, '`bands` is empty'),
        (dict(bands=['B4']), ValueError, '`file_bands` must list'),
        (
            dict(bands=['B9'], file_bands=['B1', 'B2']),
            KeyError,
            "band 'B9' does not exist, the file has",
        ),
        (dict(bands=[-1]), ValueError, 'indices start at 0'),
        (
            dict(bands=[2], file_bands=['B1', 'B2']),
            ValueError,
            'band 2 does not exist in 2 bands',
        ),
        (
            dict(bands=[0, 1], mean=[0.1]),
            ValueError,
            'mean must have one entry per band, expected 2 .*got 1',
        ),
        (
            dict(bands=[0], std=[1.0, 2.0]),
            ValueError,
            'std must have one entry per band, expected 1 .*got 2',
        ),
        (dict(bands=[0], std=[0.0]), ValueError, 'std must be positive'),
        (dict(bands=[0], nodata='nan?'), ValueError, 'nodata must be'),
        (dict(bands=[0], nodata_when='x'), ValueError, 'nodata_when'),
        (dict(bands=[0], sufix='.png'), KeyError, r"unknown \['sufix'\]"),
        (dict(bands=[0], display=dict(bands=[1])), KeyError, r'\[1\] are not'),
        (
            dict(bands=[0, 1], display=dict(bands=[0, 1])),
            ValueError,
            'one band',
        ),
    ],
)
def test_contradictions_are_named(declaration, error, message):
    with pytest.raises(error, match=message):
        build(**declaration)


def test_no_modality_at_all():
    with pytest.raises(ValueError, match='at least one modality'):
        build_modalities({})


def prepared(data, file_nodata=None, **declaration):
    data = np.asarray(data, np.float32)[:, None, :]  # (C, 1, W)
    build(bands=list(range(len(data))), **declaration).prepare(
        data, file_nodata
    )
    return data[:, 0]


def test_nan_in_one_band_makes_the_pixel_invalid_in_all():
    out = prepared([[1, np.nan, 3], [4, 5, 6]])
    np.testing.assert_array_equal(out, [[1, np.nan, 3], [4, np.nan, 6]])


def test_nodata_in_any_or_all_bands():
    data = [[0, 0, 3], [4, 0, 6]]
    nan = np.nan
    np.testing.assert_array_equal(
        prepared(data, nodata=0), [[nan, nan, 3], [nan, nan, 6]]
    )
    np.testing.assert_array_equal(
        prepared(data, nodata=0, nodata_when='all'),
        [[0, nan, 3], [4, nan, 6]],
    )


def test_nodata_is_found_before_the_values_change():
    scale = dict(type='ScaleValues', factor=0.5, offset=1.0)
    out = prepared([[2.0, -9999.0]], nodata=-9999, values=[scale])
    np.testing.assert_array_equal(out, [[2, np.nan]])


def test_nodata_of_the_file():
    lowest = float(np.finfo('float32').min)
    out = prepared([[lowest, 1.0]], file_nodata=lowest, nodata='file')
    np.testing.assert_array_equal(out, [[np.nan, 1]])
    out = prepared([[7.0, 1.0]], file_nodata=7.0)  # so by default
    np.testing.assert_array_equal(out, [[np.nan, 1]])
    out = prepared([[7.0, 1.0]], file_nodata=7.0, nodata=None)
    np.testing.assert_array_equal(out, [[7, 1]])
    out = prepared([[7.0, 1.0]], file_nodata=7.0, nodata=1)
    np.testing.assert_array_equal(out, [[7, np.nan]])


def test_steps_run_in_order():
    out = prepared(
        [[1.0, 0.01, 0.0, -1.0]],
        values=[
            dict(type='LinearToDecibel'),
            dict(type='RescaleRange', low=-25, high=0),
        ],
    )
    np.testing.assert_allclose(out, [[1.0, 0.2, np.nan, np.nan]], atol=1e-6)


def test_missing_sar_is_never_bright():
    out = prepared(
        [[np.nan, -30.0, 5.0]],
        values=[dict(type='RescaleRange', low=-25, high=0)],
    )
    np.testing.assert_array_equal(out, [[np.nan, 0, 1]])


@pytest.mark.parametrize('kind', ['uint8', 'uint16', 'int32', 'f4', 'f8'])
@pytest.mark.parametrize('nodata', [None, 0, 7.5])
@pytest.mark.parametrize(
    'values',
    [
        [],
        [dict(type='ScaleValues', factor=1e-4), dict(type='LinearToDecibel')],
        [dict(type='LinearToDecibel')],
        [
            dict(type='ScaleValues', factor=1e-2),
            dict(type='ClipValues', low=0, high=1),
        ],
    ],
    ids=['none', 'scale, dB', 'dB', 'scale, clip'],
)
def test_into_another_array_is_as_in_place(kind, nodata, values):
    raw = np.random.default_rng(0).integers(0, 120, (2, 9, 8)).astype(kind)
    raw[:, :2, :2] = [[[0, 5], [7, 0]], [[3, 0], [7, 0]]]
    if raw.dtype.kind == 'f':
        raw[1, 8, 7] = raw[0, 4, 4] = np.nan
    modality = build(bands=[0, 1], nodata=nodata, values=values)
    expected = raw.astype(np.float32)
    modality.prepare(expected, None)
    out = np.empty_like(expected)
    before = raw.copy()
    modality.prepare(raw, None, out=out)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(raw, before)
    # What is invalid, from its definition.
    logarithm = dict(type='LinearToDecibel') in values
    invalid = np.isnan(raw) | (raw == nodata) | (logarithm & (raw <= 0))
    np.testing.assert_array_equal(
        np.isnan(out), np.broadcast_to(invalid.any(axis=0), out.shape)
    )


def test_nodata_of_integers_that_float32_lacks():
    raw = np.array([[[2**24 + 1, 2**24, 2**31 - 1]]], np.int32)
    out = np.empty(raw.shape, np.float32)
    for number, found in ((2**24 + 1, 0), (2.0**24, 1), (2**31 - 1, 2)):
        build(bands=[0], nodata=number).prepare(raw, None, out=out)
        assert np.isnan(out).ravel().nonzero()[0].tolist() == [found]
    build(bands=[0], nodata=-1e10).prepare(raw, None, out=out)
    assert not np.isnan(out).any()


def test_integers_that_become_absurd_are_invalid():
    raw = np.array([[[1, 60000]], [[1, 1]]], np.uint16)
    out = np.empty(raw.shape, np.float32)
    scale = dict(type='ScaleValues', factor=1e28)
    with np.errstate(over='ignore'):
        build(bands=[0, 1], values=[scale]).prepare(raw, None, out=out)
    np.testing.assert_array_equal(np.isnan(out[:, 0]), [[0, 1]] * 2)


@pytest.mark.parametrize('values', [(), [CLIP]])
def test_infinities_are_invalid_whatever_the_steps(values):
    modality = build_modalities(dict(x=dict(bands=[0], values=values)))['x']
    data = np.array([[[np.inf, -np.inf, np.nan, 0.5]]], 'float32')
    modality.prepare(data, None)
    np.testing.assert_array_equal(data[0, 0, :3], [np.nan] * 3)
    assert data[0, 0, 3] == 0.5


def test_each_band_has_its_own_nodata():
    modality = build_modalities(dict(x=dict(bands=[0, 1], nodata='file')))['x']
    data = np.array([[[0, -9999, 5]], [[5, 0, -9999]]], 'float32')
    modality.prepare(data, (0, -9999))
    valid = ~np.isnan(data[0, 0])
    np.testing.assert_array_equal(valid, [False, True, False])
