"""Borders by hand, and the accuracy near them."""

import math

import numpy as np
import pytest
import torch
from mmseg.registry import METRICS

from multimodal_rs.evaluation.boundary import border_band, class_borders
from multimodal_rs.evaluation.boundary_metric import BoundaryMetric

CLASSES = ('land', 'town', 'lake')


def picture(text: str) -> np.ndarray:
    """Digits are classes, ``x`` is ignored."""
    return np.array(
        [
            [255 if sign == 'x' else int(sign) for sign in line]
            for line in text.split()
        ]
    )


def marked(text: str) -> np.ndarray:
    return np.array([[sign == '#' for sign in line] for line in text.split()])


# A square in a square.
SQUARE = picture("""
    00000000
    00000000
    00111100
    00111100
    00111100
    00111100
    00000000
    00000000
""")


def test_borders_of_a_square_in_a_square():
    expected = marked("""
        ........
        ..####..
        .######.
        .##..##.
        .##..##.
        .######.
        ..####..
        ........
    """)
    np.testing.assert_array_equal(class_borders(SQUARE), expected)
    np.testing.assert_array_equal(border_band(SQUARE, 1), expected)


def test_band_of_two_pixels():
    expected = marked("""
        ..####..
        .######.
        ########
        ########
        ########
        ########
        .######.
        ..####..
    """)
    np.testing.assert_array_equal(border_band(SQUARE, 2), expected)


def test_the_edge_of_the_image_is_no_border():
    label = np.zeros((6, 7), int)
    assert not class_borders(label).any()
    assert not border_band(label, 3).any()
    label[:, 4:] = 1
    expected = np.zeros((6, 7), bool)
    expected[:, 3:5] = True
    np.testing.assert_array_equal(class_borders(label), expected)


def test_an_ignored_band_is_no_border_and_in_no_band():
    label = picture("""
        000x1111
        000x1111
        000x1111
        00011111
    """)
    expected = marked("""
        ........
        ........
        ........
        ..##....
    """)
    np.testing.assert_array_equal(class_borders(label), expected)
    expected = marked("""
        ........
        ........
        ..#.....
        .####...
    """)
    np.testing.assert_array_equal(border_band(label, 2), expected)


def test_both_directions_and_three_classes():
    label = picture('001 021 221')
    expected = marked("""
        .##
        ###
        .##
    """)
    expected[1, 0] = True  # land above, lake below it
    expected[0, 0] = False
    expected[2, 0] = True
    np.testing.assert_array_equal(class_borders(label), expected)


def sample(truth: np.ndarray, prediction: np.ndarray) -> dict:
    return {
        'gt_sem_seg': {'data': torch.as_tensor(truth)[None]},
        'pred_sem_seg': {'data': torch.as_tensor(prediction)[None]},
    }


def metric(**arguments: object) -> BoundaryMetric:
    built = METRICS.build(dict(type='BoundaryMetric', **arguments))
    built.dataset_meta = {'classes': CLASSES}
    return built


def test_measures_by_hand():
    # 16 pixels of land and 12 of town lie beside the border.
    prediction = SQUARE.copy()
    prediction[2, 2:6] = 0  # 4 of town are taken for land
    prediction[1, 2] = 2  # 1 of land for lake
    prediction[0] = 1  # far from the border: does not count
    prediction[3:5, 3:5] = 2  # neither
    near = metric(width=1)
    near.process({}, [sample(SQUARE, prediction)])
    result = near.evaluate(size=1)
    land, town = 100 * 15 / 20, 100 * 8 / 12
    assert result == pytest.approx(
        {
            'boundary_mIoU': (land + town + 0) / 3,
            'boundary_OA': 100 * 23 / 28,
            'boundary_IoU.land': land,
            'boundary_IoU.town': town,
            'boundary_IoU.lake': 0,
        }
    )
    assert all(type(value) is float for value in result.values())


def test_a_class_that_is_absent_does_not_count():
    near = metric()
    near.process({}, [sample(SQUARE, SQUARE)])
    result = near.evaluate(size=1)
    assert result['boundary_mIoU'] == result['boundary_OA'] == 100
    assert math.isnan(result['boundary_IoU.lake'])


def test_what_is_predicted_where_the_truth_is_ignored_does_not_matter():
    truth = SQUARE.copy()
    truth[:4] = 255
    prediction = truth.copy()
    prediction[:4] = 2
    near = metric()
    near.process({}, [sample(truth, prediction)])
    assert near.evaluate(size=1)['boundary_OA'] == 100


def test_samples_add_up_and_duplicates_are_dropped():
    rng = np.random.default_rng(0)
    samples = [sample(*rng.integers(0, 3, (2, 5 + i, 8))) for i in range(4)]
    one, padded, single = metric(), metric(), metric()
    one.process({}, samples)
    padded.process({}, samples[:3])
    padded.process({}, [samples[3], samples[0], samples[1]])
    expected = one.evaluate(4)
    assert padded.evaluate(4) == expected
    # Not the mean of the samples: their pixels.
    single.process({}, samples)
    total = np.sum(single.results, axis=0)
    assert total.dtype == np.int64
    right = 100 * np.trace(total) / total.sum()
    assert expected['boundary_OA'] == pytest.approx(right)


def test_no_border_anywhere():
    near = metric(prefix='test')
    near.process({}, [sample(np.zeros((4, 4), int), np.zeros((4, 4), int))])
    result = near.evaluate(size=1)
    assert all(math.isnan(value) for value in result.values())
    assert 'test/boundary_mIoU' in result


@pytest.mark.parametrize('width', [0, 2.5, -1])
def test_impossible_width(width):
    with pytest.raises(ValueError, match='whole number'):
        BoundaryMetric(width=width)
