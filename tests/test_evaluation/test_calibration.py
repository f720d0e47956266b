"""Bins of confidence by hand, and the metric on them."""

import json
import math

import numpy as np
import pytest
import torch
from mmseg.registry import METRICS

from multimodal_rs.evaluation.calibration import reliability
from multimodal_rs.evaluation.calibration_metric import CalibrationMetric


def test_bins_by_hand():
    truth = np.array([0, 0, 1, 1, 255])
    prediction = np.array([0, 1, 1, 1, 0])
    confidence = np.array([0.6, 0.6, 0.9, 1.0, 0.7])
    found = reliability(truth, prediction, confidence, bins=2)
    assert found.pixels.tolist() == [0, 4]
    assert found.right.tolist() == [0, 3]
    assert found.accuracy()[1] == 0.75
    assert found.mean_confidence()[1] == pytest.approx(3.1 / 4)
    assert np.isnan(found.accuracy()[0])
    assert found.expected_error() == pytest.approx(abs(3 - 3.1) / 4)


def test_the_sum_of_parts_is_the_whole():
    random = np.random.default_rng(0)
    truth, prediction = random.integers(0, 3, (2, 50, 20))
    confidence = random.random((50, 20))
    whole = reliability(truth, prediction, confidence)
    parts = reliability(truth[:9], prediction[:9], confidence[:9])
    parts = parts + reliability(truth[9:], prediction[9:], confidence[9:])
    assert (whole.pixels == parts.pixels).all()
    assert (whole.right == parts.right).all()
    np.testing.assert_allclose(whole.confidence, parts.confidence)


def test_a_calibrated_prediction_has_no_error():
    random = np.random.default_rng(0)
    confidence = random.random(200_000)
    truth = np.zeros(confidence.shape, int)
    prediction = (random.random(confidence.shape) > confidence).astype(int)
    found = reliability(truth, prediction, confidence)
    assert found.expected_error() < 0.01


def test_without_pixels_nothing_is_known():
    label = np.full((2, 2), 255)
    found = reliability(label, label, np.ones((2, 2)))
    assert math.isnan(found.expected_error())
    assert found.share().tolist() == [0] * 20


def test_logits_are_refused():
    ids = np.zeros((2, 2), int)
    with pytest.raises(ValueError, match='0 and 1, got 3.0 to 3.0: give prob'):
        reliability(ids, ids, np.full((2, 2), 3.0))
    with pytest.raises(ValueError, match='one shape'):
        reliability(ids, ids, np.ones((2, 3)))


def test_metric_writes_what_the_plot_needs(tmp_path):
    metric = METRICS.build(
        dict(type='CalibrationMetric', bins=4, report_dir=str(tmp_path))
    )
    logits = torch.zeros(2, 1, 4)
    logits[1] = math.log(9)  # class 1 with 0.9
    truth = torch.tensor([[[1, 1, 0, 255]]])
    sample = dict(
        seg_logits=dict(data=logits),
        pred_sem_seg=dict(data=logits.argmax(0, keepdim=True)),
        gt_sem_seg=dict(data=truth),
    )
    metric.process({}, [sample])
    metrics = metric.evaluate(1)
    error = 100 * (0.9 - 2 / 3)
    assert metrics['ECE'] == pytest.approx(error, abs=1e-4)
    content = json.loads((tmp_path / 'calibration.json').read_text())
    assert content['pixels'] == [0, 0, 0, 3]
    assert content['accuracy'][-1] == pytest.approx(2 / 3)
    assert content['accuracy'][0] is None


def test_bins_are_checked():
    with pytest.raises(ValueError, match='at least 1, got 0'):
        CalibrationMetric(bins=0)
