"""Accuracy of a land-cover map."""

import csv
import json
import logging
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmseg.registry import METRICS
from PIL import Image

from multimodal_rs.evaluation import land_cover_metric
from multimodal_rs.evaluation.confusion import confusion_matrix, summarize
from multimodal_rs.evaluation.land_cover_metric import LandCoverMetric

CLASSES = ('forest', 'water', 'road', 'cloud')
# As in test_confusion: water is never predicted, road is not in the truth,
# cloud is neither.
TRUTH = torch.tensor([[[0] * 8 + [1] * 4 + [255] * 3]])
PREDICTION = torch.tensor([[[0] * 6 + [2] * 2 + [0] * 3 + [2] + [1] * 3]])


@pytest.fixture(autouse=True)
def _no_log_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files out of the log folder of a runner of another test."""
    monkeypatch.setattr(land_cover_metric, 'run_log_dir', lambda: None)


def _metric(**arguments: object) -> LandCoverMetric:
    metric = METRICS.build(dict(type='LandCoverMetric', **arguments))
    metric.dataset_meta = {'classes': CLASSES}
    return metric


def _sample(truth: torch.Tensor, prediction: torch.Tensor, **meta) -> dict:
    return {
        'gt_sem_seg': {'data': truth},
        'pred_sem_seg': {'data': prediction},
        'img_path': 'data/opt/tile.tif',
        **meta,
    }


def _random_samples(count: int) -> list[dict]:
    samples = []
    for number in range(count):
        size = (1, 5 + number, 7)
        truth = torch.randint(0, 3, size)
        prediction = torch.where(torch.rand(size) < 0.6, truth, 2)
        truth[torch.rand(size) < 0.2] = 255
        samples.append(_sample(truth, prediction, sample_id=f't{number}'))
    return samples


def _read_csv(path: Path) -> list[list[str]]:
    with path.open(newline='') as file:
        return list(csv.reader(file))


def test_percent_of_all_and_of_each_class() -> None:
    metric = _metric()
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    result = metric.evaluate(size=1)
    expected = {
        'OA': 600 / 12,
        'mPA': 75 / 2,
        'mIoU': 600 / 11 / 3,
        'mF1': 1200 / 17 / 3,
        'FWIoU': 8 / 12 * 600 / 11,
        'kappa': 100 * (12 * 6 - 8 * 9) / (12 * 12 - 8 * 9),
        'IoU.forest': 600 / 11,
        'IoU.water': 0,
        'IoU.road': 0,
        'IoU.cloud': math.nan,
        'PA.forest': 75,
        'PA.water': 0,
        'PA.road': math.nan,
        'PA.cloud': math.nan,
    }
    assert result == pytest.approx(expected, nan_ok=True)
    assert all(type(value) is float for value in result.values())


def test_batches_add_up_to_the_whole() -> None:
    samples = _random_samples(5)
    metric = _metric(prefix='test')
    metric.process({}, samples[:2])
    metric.process({}, samples[2:])
    truth, prediction = (
        torch.cat([sample[key]['data'].flatten() for sample in samples])
        for key in ('gt_sem_seg', 'pred_sem_seg')
    )
    expected = summarize(confusion_matrix(truth, prediction, len(CLASSES)))
    result = metric.evaluate(size=5)
    for name, value in expected.items():
        assert result[f'test/{name}'] == 100 * value, name


def test_padded_duplicates_do_not_count() -> None:
    samples = _random_samples(4)
    single, padded = _metric(), _metric()
    single.process({}, samples)
    padded.process({}, [*samples, samples[0], samples[3]])
    expected, result = single.evaluate(4), padded.evaluate(4)
    assert str(result) == str(expected)
    # The results are dropped after an evaluation.
    with pytest.raises(ValueError, match='all 0 samples'):
        padded.evaluate(4)


def test_report_files(tmp_path: Path) -> None:
    metric = _metric(report_dir=str(tmp_path / 'new' / 'reports'))
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    result = metric.evaluate(size=1)
    folder = tmp_path / 'new' / 'reports'
    assert sorted(path.name for path in folder.iterdir()) == [
        'confusion_matrix.csv',
        'land_cover.json',
        'land_cover_classes.csv',
    ]
    assert _read_csv(folder / 'confusion_matrix.csv') == [
        ['truth \\ prediction', *CLASSES],
        ['forest', '6', '0', '2', '0'],
        ['water', '3', '0', '1', '0'],
        ['road', '0', '0', '0', '0'],
        ['cloud', '0', '0', '0', '0'],
    ]
    header, forest, *_, cloud = _read_csv(folder / 'land_cover_classes.csv')
    assert header == [
        *('class', 'PA', 'UA', 'IoU', 'F1', 'share'),
        *('truth_pixels', 'predicted_pixels'),
    ]
    expected = [75, 600 / 9, 600 / 11, 1200 / 17, 800 / 12, 8, 9]
    assert forest[0] == 'forest'
    assert [float(cell) for cell in forest[1:]] == pytest.approx(expected)
    assert cloud == ['cloud', *['nan'] * 4, '0.0', '0', '0']
    # Full precision.
    assert float(forest[3]) == result['IoU.forest']


def test_report_is_standard_json(tmp_path: Path) -> None:
    metric = _metric(report_dir=str(tmp_path))
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    result = metric.evaluate(size=1)
    text = (tmp_path / 'land_cover.json').read_text()
    content = json.loads(text, parse_constant=pytest.fail)
    assert content['unit'] == 'percent'
    assert content['pixels'] == 12
    assert content['summary'] == {
        name: result[name]
        for name in ('OA', 'kappa', 'mPA', 'mIoU', 'mF1', 'FWIoU')
    }
    assert [row['class'] for row in content['classes']] == list(CLASSES)
    assert content['classes'][0]['PA'] == 75
    assert content['classes'][3]['IoU'] is None
    assert content['confusion_matrix']['rows'] == 'truth'
    assert content['confusion_matrix']['pixels'][0] == [6, 0, 2, 0]


def test_failed_report_keeps_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError('no space left')

    (tmp_path / 'land_cover.json').write_text('old')
    metric = _metric(report_dir=str(tmp_path))
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    monkeypatch.setattr(Path, 'write_text', full_disk)
    with pytest.raises(OSError, match='no space'):
        metric.evaluate(size=1)
    assert (tmp_path / 'land_cover.json').read_text() == 'old'
    assert len(list(tmp_path.iterdir())) == 1


def test_default_report_dir_is_that_of_the_log_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    logger = MMLogger.get_instance(
        'land_cover_report', log_file=str(tmp_path / 'run.log')
    )
    try:
        metric = _metric()
        metric.process({}, [_sample(TRUTH, PREDICTION)])
        metric.evaluate(size=1)
        log = (tmp_path / 'run.log').read_text()
    finally:
        for handler in list(logger.handlers):
            if isinstance(handler, logging.FileHandler):
                handler.close()
                logger.removeHandler(handler)
    assert (tmp_path / 'land_cover.json').is_file()
    assert '| forest | 75.00 | 66.67 | 54.55 | 70.59 | 66.67 |' in log
    assert '| cloud  |     - |     - |     - |     - |  0.00 |' in log
    assert '|    OA | kappa |   mPA |' in log
    assert '| 50.00 |  0.00 | 37.50 | 18.18 | 23.53 | 36.36 |' in log


def test_no_log_file_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    metric = _metric()
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    metric.evaluate(size=1)
    assert list(tmp_path.iterdir()) == []


def test_predicted_maps(tmp_path: Path) -> None:
    # As `tools/test.py --out` sets the arguments.
    metric = _metric(output_dir=str(tmp_path), keep_results=True)
    prediction = torch.tensor([[[0, 1, 2], [3, 0, 1]]])
    maps = (prediction, 3 - prediction)
    truth = torch.zeros_like(prediction)
    samples = [
        _sample(truth, maps[0], sample_id='N01/tile_7.5'),
        _sample(truth, maps[1]),
    ]
    metric.process({}, samples)
    files = sorted(p for p in tmp_path.rglob('*') if p.is_file())
    assert files == [tmp_path / 'N01' / 'tile_7.5.png', tmp_path / 'tile.png']
    for path, expected in zip(files, maps, strict=True):
        image = Image.open(path)
        assert image.mode == 'L'
        np.testing.assert_array_equal(np.array(image), expected[0].numpy())


def test_predicted_maps_stay_in_their_folder(tmp_path: Path) -> None:
    metric = _metric(output_dir=str(tmp_path / 'maps'), keep_results=True)
    sample = _sample(TRUTH, PREDICTION, sample_id='../../label/tile')
    with pytest.raises(ValueError, match='maps: the sample id .* leaves'):
        metric.process({}, [sample])
    assert not [*tmp_path.rglob('*.png')]


def test_predicted_maps_can_be_refused(tmp_path: Path) -> None:
    metric = _metric(output_dir=str(tmp_path / 'maps'), keep_results=False)
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    assert not (tmp_path / 'maps').exists()


def test_wrong_label_names_the_sample() -> None:
    sample = _sample(TRUTH + 3, PREDICTION, sample_id='N01')
    with pytest.raises(ValueError, match=r'N01: label .* 0\.\.3, got \[4, '):
        _metric().process({}, [sample])


def test_no_counted_pixel() -> None:
    metric = _metric()
    truth = torch.full_like(PREDICTION, 255)
    metric.process({}, [_sample(truth, PREDICTION)] * 2)
    with pytest.raises(ValueError, match='all 2 samples .* label 255'):
        metric.evaluate(size=2)


def test_ignore_index_can_be_chosen() -> None:
    metric = _metric(ignore_index=1)
    truth = torch.where(TRUTH == 255, 0, TRUTH)
    metric.process({}, [_sample(truth, PREDICTION)])
    result = metric.evaluate(size=1)
    assert result['OA'] == pytest.approx(600 / 11)
    assert result['PA.forest'] == pytest.approx(600 / 11)


def test_a_left_out_class_is_cut_from_the_matrix(tmp_path):
    metric = _metric(left_out=2, prefix='cut', report_dir=str(tmp_path))
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    found = metric.compute_metrics(metric.results)
    # forest: 6 of 8 right, 2 predicted as road; water: 3 as forest, 1 as road
    assert found['OA'] == pytest.approx(100 * 6 / 9)
    assert found['PA.forest'] == 100
    assert 'IoU.road' not in found
    content = json.loads((tmp_path / 'cut_land_cover.json').read_text())
    assert content['pixels'] == 9
    assert [c['class'] for c in content['classes']] == [
        'forest',
        'water',
        'cloud',
    ]


def test_nothing_but_the_left_out_class_is_no_empty_split():
    metric = _metric(left_out=2)
    metric.process({}, [_sample(TRUTH, torch.full_like(PREDICTION, 2))])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        found = metric.compute_metrics(metric.results)
    assert all(math.isnan(found[key]) for key in ('OA', 'mIoU', 'kappa'))


def test_left_out_must_be_a_class():
    metric = _metric(left_out=4)
    metric.process({}, [_sample(TRUTH, PREDICTION)])
    with pytest.raises(ValueError, match='left_out is 4, .* 0 to 3'):
        metric.compute_metrics(metric.results)
