"""Exact colours at known pixels."""

import numpy as np
import pytest

from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.visualization.composites import (
    HATCH_GROUND,
    HATCH_LINE,
    RIGHT,
    WRONG,
    colorize,
    composite,
    error_map,
    hatch,
)

PALETTE = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def modality(**display):
    return build(['B2', 'B3', 'B4'], display)


def build(bands, display):
    declaration = dict(
        bands=bands, file_bands=['B2', 'B3', 'B4', 'B8'], display=display
    )
    return build_modalities(dict(opt=declaration))['opt']


def test_bands_and_fixed_range():
    data = np.zeros((3, 2, 2), np.float32)
    data[:, 0, 0] = 0.1, 0.2, 0.3  # B2, B3, B4
    data[:, 0, 1] = -1, 0.5, 9
    shown = modality(range=[0.0, 0.5])
    picture = composite(data, shown)
    assert picture.dtype == np.uint8 and picture.shape == (2, 2, 3)
    assert picture[0, 0].tolist() == [51, 102, 153]
    assert picture[0, 1].tolist() == [0, 255, 255]
    turned = modality(range=[0.0, 0.5], bands=['B4', 'B3', 'B2'])
    assert composite(data, turned)[0, 0].tolist() == [153, 102, 51]


def test_one_band_is_grey():
    data = np.zeros((2, 1, 3), np.float32)
    data[1] = -25, -12.5, 0  # B8
    shown = build(['B3', 'B8'], dict(bands=['B8'], range=[-25.0, 0.0]))
    assert composite(data, shown)[0].tolist() == [
        [0, 0, 0],
        [128, 128, 128],
        [255, 255, 255],
    ]


def test_percentiles_are_taken_per_band_from_valid_pixels():
    data = np.empty((3, 10, 11), np.float32)
    data[0] = np.arange(110).reshape(10, 11)
    data[1] = data[0] * 7 + 1000
    data[2] = data[0]
    data[:, 9] = np.nan  # rows 0 to 8 hold 0 to 98
    picture = composite(data, modality(percentiles=[0.0, 50.0]))
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[4, 5].tolist() == [255, 255, 255]  # the median, 49
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
    np.testing.assert_array_equal(picture[..., 0], picture[..., 1])


def test_statistics_give_one_stretch_for_all_tiles():
    bands = ['B2', 'B3', 'B4']
    statistics = dict(mean=[0.1, 0.2, 0.3], std=[0.05, 0.1, 0.1])

    def draw(data, **display):
        shown = build_modalities(
            dict(
                opt=dict(
                    bands=bands,
                    file_bands=bands,
                    display=display,
                    **statistics,
                )
            )
        )['opt']
        return composite(np.asarray(data, np.float32), shown)

    # red is the first of the displayed bands, so B2 without a recipe
    data = np.zeros((3, 1, 5))
    data[:] = np.array([0.1, 0.2, 0.3])[:, None, None]
    data[0, 0] = [0.0, 0.05, 0.1, 0.2, 0.3]
    assert draw(data)[0, :, 0].tolist() == [0, 64, 128, 255, 255]
    assert (draw(data)[..., 1:] == 128).all()
    # values mostly above 0: from 0 to mean + std; around it: both sides
    ramp = np.stack([np.array([[-0.1, 0.0, 0.1]])] * 3)
    for mean, grey in ((0.1, [0, 0, 128]), (0.0, [64, 128, 191])):
        statistics.update(mean=[mean] * 3, std=[0.1] * 3)
        assert draw(ramp)[0, :, 0].tolist() == grey
    statistics.update(mean=[0.1, 0.2, 0.3], std=[0.05, 0.1, 0.1])
    # a dark tile stays dark: its noise is not stretched to black and white
    rng = np.random.default_rng(0)
    water = rng.normal(0.02, 0.001, (3, 20, 20))
    assert np.ptp(draw(water), axis=(0, 1)).max() < 10
    assert np.ptp(draw(water, percentiles=[2.0, 98.0])) == 255
    # a fixed range comes before both
    assert draw(data, range=[0.0, 0.4])[0, 4].tolist() == [191, 128, 191]


@pytest.mark.filterwarnings('error')
def test_invalid_pixels_are_hatched():
    data = np.full((3, 40, 40), 0.5, np.float32)
    data[1, 10:30] = np.nan
    data[2, 5, 5] = np.inf
    picture = composite(data, modality(range=[0.0, 1.0]))
    expected = hatch(40, 40)
    np.testing.assert_array_equal(picture[10:30], expected[10:30])
    np.testing.assert_array_equal(picture[5, 5], expected[5, 5])
    assert (picture[:5] == 128).all()
    colours = {tuple(c) for c in expected.reshape(-1, 3).tolist()}
    assert colours == {HATCH_GROUND, HATCH_LINE}


@pytest.mark.parametrize('display', [{}, dict(range=[0.0, 1.0])])
def test_nothing_valid_or_nothing_different(display):
    nothing = np.full((3, 20, 20), np.nan, np.float32)
    picture = composite(nothing, modality(**display))
    np.testing.assert_array_equal(picture, hatch(20, 20))
    same = np.full((3, 20, 20), 7, np.float32)
    assert len(np.unique(composite(same, modality(**display)))) == 1


def test_data_is_not_changed():
    data = np.full((3, 4, 4), np.nan, np.float32)
    data[:, 0] = 0.3
    before = data.copy()
    composite(data, modality())
    np.testing.assert_array_equal(data, before)


def test_wrong_number_of_bands_is_named():
    with pytest.raises(ValueError, match=r'opt must .*B2.*got shape \(4, 2'):
        composite(np.zeros((4, 2, 2), np.float32), modality())


def test_classes_have_the_palettes_colours():
    label = np.array([[0, 1], [2, 255]])
    picture = colorize(label, PALETTE)
    assert picture[0, 0].tolist() == [255, 0, 0]
    assert picture[0, 1].tolist() == [0, 255, 0]
    assert picture[1, 0].tolist() == [0, 0, 255]
    np.testing.assert_array_equal(picture[1, 1], hatch(2, 2)[1, 1])
    assert not np.array_equal(picture, colorize(label.T, PALETTE))
    same = colorize(label.astype(np.uint8), PALETTE)
    np.testing.assert_array_equal(picture, same)


def test_class_without_colour_is_named():
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=f'0 to 2 .* 255, got .*{wrong}'):
            colorize(np.array([[0, wrong]]), PALETTE)


def test_errors_are_red_and_ignored_pixels_hatched():
    label = np.array([[0, 1, 255]])
    picture = error_map(label, np.array([[0, 2, 1]]))
    assert picture[0, 0].tolist() == list(RIGHT)
    assert picture[0, 1].tolist() == list(WRONG)
    np.testing.assert_array_equal(picture[0, 2], hatch(1, 3)[0, 2])
    with pytest.raises(ValueError, match=r'\(1, 3\) and \(3, 1\)'):
        error_map(label, label.T)
