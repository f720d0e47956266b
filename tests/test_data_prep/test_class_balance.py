"""Pixels per class, weights of a loss, and classes that never occur."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from mmseg.registry import HOOKS, MODELS

from fake_data.files import write_tif
from multimodal_rs.data_prep.check_report import check_folder
from multimodal_rs.data_prep.class_balance import (
    class_weights,
    count_labels,
    update_label_counts,
)
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.label_counts import (
    LabelCounts,
    known_counts,
    never_seen,
)

MODALITIES = dict(sar=dict(dir='sar', bands=[0]))


def build(root: Path, label: dict, classes='abc', **arguments):
    return MultiModalSegDataset(
        modalities=MODALITIES,
        label=dict(dir='label') | label,
        data_root=str(root),
        ann_file='train.txt',
        metainfo=dict(classes=tuple(classes)),
        **arguments,
    )


def write(root: Path, *labels: np.ndarray) -> None:
    names = []
    for i, label in enumerate(labels):
        names.append(f't{i}')
        sar = np.random.rand(1, *label.shape).astype(np.float32)
        write_tif(root / f'sar/t{i}.tif', sar)
        write_tif(root / f'label/t{i}.tif', label[None].astype(np.uint8))
    (root / 'train.txt').write_text('\n'.join(names))


def test_counts_and_weights(tmp_path: Path) -> None:
    first = np.repeat([10, 20, 0], [60, 20, 20]).reshape(10, 10)
    second = np.full((10, 10), 10)
    write(tmp_path, first, second)
    dataset = build(tmp_path, dict(ids={10: 0, 20: 1, 30: 2, 0: 255}))
    counts = count_labels(dataset)
    assert counts.pixels == [160, 20, 0]
    assert counts.pixels_around == [180, 80, 0]
    assert (counts.ignored, counts.tiles) == (20, 2)
    weights = class_weights(counts)
    np.testing.assert_allclose(weights['inverse'], [90 / 160, 90 / 20, 0])
    shares = np.array([160 / 180, 20 / 80])
    expected = [*(np.median(shares) / shares), 0]
    np.testing.assert_allclose(weights['median_frequency'], expected)
    for weight in weights.values():  # as they stand, in the loss
        loss = MODELS.build(
            dict(type='LandCoverCrossEntropyLoss', class_weight=weight)
        )
        label = torch.tensor([[[0, 1, 255]]])
        assert loss(torch.zeros(1, 3, 1, 3), label).isfinite()


def test_numbers_are_kept_and_found(tmp_path: Path) -> None:
    write(tmp_path, np.zeros((4, 4)), np.ones((4, 4)))
    target = tmp_path / 'stats.json'
    target.write_text(json.dumps(dict(mine=dict(modalities={}, tiles=2))))
    dataset = build(tmp_path, {})
    labels = update_label_counts(dict(train=dataset), target, 'mine')
    kept = json.loads(target.read_text())['mine']
    assert kept['labels'] == labels and kept['tiles'] == 2
    assert labels['lists']['train']['pixels'] == [16, 16, 0]
    before = target.stat().st_mtime_ns
    (tmp_path / 'label/t0.tif').unlink()  # no label is read again
    assert update_label_counts(dict(train=dataset), target, 'mine') == labels
    assert target.stat().st_mtime_ns == before
    assert known_counts(dataset).pixels == [16, 16, 0]
    assert known_counts(build(tmp_path, dict(ids={0: 1, 1: 0}))) is None
    assert known_counts(build(tmp_path, {}, indices=1)) is None


@pytest.mark.parametrize('classes', ['ab', 'abc'])
def test_mask_of_0_and_255(
    tmp_path: Path, capsys: pytest.CaptureFixture, classes: str
) -> None:
    mask = np.zeros((20, 20))
    mask[:6] = 255
    write(tmp_path, mask)
    dataset = build(tmp_path, {}, classes)
    assert check_folder(dataset, tmp_path / 'none') == 1
    report = capsys.readouterr().out
    assert 'CLASS NEVER OCCURS' in report and '30 % of the' in report
    right = {0: 0, 255: 1} if classes == 'ab' else {0: 0, 1: 1, 255: 2}
    assert f'ids={right}' in report
    update_label_counts(dict(train=dataset), tmp_path / 'stats.json', 'mine')
    counts = known_counts(dataset)
    text = never_seen(dataset, counts.pixels, counts.ignored)
    assert text in report
    if classes == 'ab':  # the advice helps
        dataset = build(tmp_path, dict(ids=right), classes)
        assert check_folder(dataset, tmp_path / 'none') == 0


def test_run_is_warned(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, np.zeros((4, 4)))
    dataset = build(tmp_path, {}, 'ab')
    logger = MMLogger.get_instance('label-count', log_level='INFO')
    logger.addHandler(caplog.handler)
    runner = SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=dataset), logger=logger
    )
    hook = HOOKS.build(dict(type='LabelCountHook'))
    caplog.clear()
    hook.before_train(runner)
    assert not caplog.records  # nothing is known, nothing is read
    target = tmp_path / 'stats.json'
    update_label_counts(dict(train=dataset), target, 'mine')
    hook.before_train(runner)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "['b'] of 2 classes never occur" in record.getMessage()
    write(tmp_path, np.eye(4))
    fresh = build(tmp_path, {}, 'ab')
    runner.train_dataloader.dataset = fresh
    target.unlink()
    update_label_counts(dict(train=fresh), target, 'mine')
    hook.before_train(runner)
    assert len(caplog.records) == 1


def test_nothing_to_say_if_all_occur() -> None:
    dataset = SimpleNamespace(
        metainfo=dict(classes=('a',)), label={}, ann_file='x'
    )
    assert never_seen(dataset, [3], 5) == ''
    counts = LabelCounts('', 1, [0, 0], [0, 0], 9)
    assert class_weights(counts) == {}
