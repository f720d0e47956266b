"""Accuracy by place, with numbers by hand."""

import pytest
import torch
from mmseg.registry import METRICS

from multimodal_rs.evaluation.place_metric import PlaceMetric

PLACES = dict(home='^home', abroad='^abroad')


def tile(name, truth, prediction):
    return dict(
        sample_id=name,
        gt_sem_seg=dict(data=torch.tensor([[truth]])),
        pred_sem_seg=dict(data=torch.tensor([[prediction]])),
    )


def make(**arguments):
    metric = METRICS.build(dict(type='PlaceMetric', **arguments))
    metric.dataset_meta = dict(classes=('land', 'sea'))
    return metric


def test_places_by_hand():
    metric = make(places=PLACES)
    metric.process({}, [tile('home-1', [0, 0, 1, 255], [0, 0, 1, 0])])
    metric.process({}, [tile('abroad-1', [0, 0, 0, 1], [0, 1, 1, 1])])
    metric.process({}, [tile('abroad-2', [0, 1, 1, 1], [0, 1, 1, 1])])
    found = metric.evaluate(3)
    assert found['home_OA'] == found['home_mIoU'] == 100
    assert found['abroad_OA'] == 75
    # land: 2 of 4 found, none wrong; sea: 4 of 4 found, 2 too many.
    assert found['abroad_mIoU'] == pytest.approx(100 * (2 / 4 + 4 / 6) / 2)
    assert found['abroad_mPA'] == 75


def test_a_tile_of_no_place_is_named():
    metric = make(places=PLACES)
    with pytest.raises(ValueError, match='moon-1 belongs to no place'):
        metric.process({}, [tile('moon-1', [0], [0])])
    metric = make(places=dict(a='o', b='m'))
    with pytest.raises(ValueError, match=r"belongs to \['a', 'b'\]"):
        metric.process({}, [tile('moon-1', [0], [0])])


def test_a_place_without_tiles_is_named():
    metric = make(places=PLACES)
    metric.process({}, [tile('home-1', [0], [0])])
    with pytest.raises(ValueError, match=r"lies in \['abroad'\]"):
        metric.evaluate(1)


def test_one_pattern_finds_the_places():
    metric = make(places='^([a-z]+)-')
    metric.process({}, [tile('home-1', [0, 1], [0, 1])])
    metric.process({}, [tile('abroad-1', [0, 1], [0, 0])])
    found = metric.evaluate(2)
    assert found['home_OA'] == 100 and found['abroad_OA'] == 50
    assert len(found) == 6
    with pytest.raises(ValueError, match='7 belongs to no place'):
        metric.process({}, [tile('7', [0], [0])])


def test_patterns_are_checked():
    with pytest.raises(ValueError, match='must have one group'):
        PlaceMetric(places='^[a-z]+')
    with pytest.raises(ValueError, match='no regular expression'):
        PlaceMetric(places=dict(a='('))
    with pytest.raises(ValueError, match='places is empty'):
        PlaceMetric(places={})
