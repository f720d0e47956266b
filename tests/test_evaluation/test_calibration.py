"""Bins of confidence by hand, and the metric on them."""

import json
import math

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from mmseg.registry import METRICS, MODELS
from mmseg.structures import SegDataSample
from torch import nn

from helpers import ROOT
from multimodal_rs.evaluation.calibration import reliability
from multimodal_rs.evaluation.calibration_metric import CalibrationMetric
from multimodal_rs.evaluation.cross_entropy_metric import CrossEntropyMetric
from multimodal_rs.utils.configs import read_config


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


class Network(nn.Module):
    """Stands for the network in test-time augmentation."""

    def __init__(self, out_channels):
        super().__init__()
        self.out_channels = out_channels
        self.decode_head = nn.Identity()
        self.decode_head.threshold = 0.3

    def test_step(self, data):
        raise AssertionError('the answers are given')


def merged(kind, *views):
    """Merge the logits of one tile's views; a dict, as metrics get it."""
    samples = []
    for logits in views:
        sample = SegDataSample(metainfo=dict(img_path='tile'))
        truth = torch.tensor([[[1, 1, 0]]])
        sample.set_data(dict(seg_logits=PixelData(data=logits)))
        sample.set_data(dict(gt_sem_seg=PixelData(data=truth)))
        samples.append(sample)
    model = MODELS.build(dict(type=kind, module=Network(len(views[0]))))
    return model.merge_preds([samples])[0].to_dict()


def test_of_test_time_augmentation_the_mean_is_scored():
    runtime = read_config(ROOT / 'configs/_base_/default_runtime.py')
    chances = torch.tensor([[0.9, 0.2, 0.6], [0.7, 0.4, 0.1]])
    views = [torch.stack([1 - p, p])[:, None].log() + 3 for p in chances]
    sample = merged(runtime.tta_model.type, *views)
    # Class 1 has 0.8, 0.3 and 0.35.
    assert sample['pred_sem_seg']['data'].tolist() == [[[1, 0, 0]]]
    metric = CrossEntropyMetric()
    metric.process({}, [sample])
    wanted = -math.log(0.8 * 0.3 * 0.65) / 3
    assert metric.evaluate(1)['cross_entropy'] == pytest.approx(wanted)
    metric = CalibrationMetric(bins=1)
    metric.process({}, [sample])
    error = 100 * ((0.8 + 0.7 + 0.65) / 3 - 2 / 3)
    assert metric.evaluate(1)['ECE'] == pytest.approx(error, abs=1e-4)


def test_test_time_augmentation_of_one_output():
    views = torch.randn(3, 1, 1, 3, generator=torch.manual_seed(0))
    sample, known = (
        merged(kind, *views) for kind in ('LogitsTTAModel', 'SegTTAModel')
    )
    prediction = sample['pred_sem_seg']['data']
    assert prediction.equal(known['pred_sem_seg']['data'])
    torch.testing.assert_close(
        sample['seg_logits']['data'].sigmoid(), views.sigmoid().mean(dim=0)
    )
