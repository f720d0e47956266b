"""Damaged files of our own are named, made again, or read as JSON allows."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmseg.registry import DATASETS

from damaged_files import damaged
from fake_data.dfc2020 import CITY_TILES, make_dfc2020
from helpers import ROOT
from multimodal_rs.data_prep import band_statistics
from multimodal_rs.data_prep.band_statistics import update_statistics
from multimodal_rs.data_prep.class_balance import update_label_counts
from multimodal_rs.data_prep.cut_record import CutRecord
from multimodal_rs.datasets.label_counts import known_counts
from multimodal_rs.results import runs
from multimodal_rs.results.record import read_record
from multimodal_rs.simulation.archive import Archive

CONFIG = ROOT / 'configs/_base_/datasets/dfc2020_rgb.py'


def make_dataset(root: Path):
    make_dfc2020(root, CITY_TILES[:2])
    (root / 'list.txt').write_text('\n'.join(CITY_TILES[:2]))
    settings = Config.fromfile(CONFIG).train_dataloader.dataset
    settings.update(data_root=str(root), ann_file='list.txt', pipeline=[])
    return DATASETS.build(settings)


def statistics(root: Path, monkeypatch):
    dataset, target = make_dataset(root), root / 'stats.json'

    def use():
        update_statistics(dataset, target, 'rgb')
        update_label_counts(dict(train=dataset), target, 'rgb')
        known_counts(dataset)

    use()
    return target, use


def measurement(root: Path, monkeypatch):
    """Of an interrupted run, which has kept what it had."""
    dataset = make_dataset(root)
    target = root / '.stats-rgb.partial.json'
    monkeypatch.setattr(band_statistics, 'SAVE_EVERY', 1)
    band_statistics.measure(dataset, target)

    def use():
        band_statistics.measure(dataset, target)

    return target, use


def simulation(root: Path, monkeypatch):
    archive = Archive(root, 'city', 64, 0)
    archive.claim()
    return root / 'simulation.json', archive.claim


def cut(root: Path, monkeypatch):
    usual = dict(size=256, stride=256)
    record = CutRecord(root, {}, usual)
    record.add('NH49', ['NH49/0', 'NH49/1'])
    return record.path, lambda: CutRecord(root, {}, usual)


def started(root: Path, monkeypatch):
    def use():
        runs.open_run(root, CONFIG, ['a=1'], 'commit', 'machine', 'command')

    use()
    return root / runs.STARTED, use


def record(root: Path, monkeypatch):
    """A record as the published tables are made of."""
    known = next(iter((ROOT / 'configs/cmss/results').glob('*ft10*.json')))
    path = root / runs.RECORD
    path.write_text(json.dumps(json.loads(known.read_text())[0]))
    return path, lambda: read_record(path)


@pytest.mark.parametrize(
    'trials', [40, pytest.param(2000, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    'make', [statistics, measurement, simulation, cut, started, record]
)
def test_an_error_names_the_file(tmp_path, make, trials, monkeypatch):
    path, use = make(tmp_path, monkeypatch)
    whole = path.read_bytes()
    use()
    refused = 0
    for seed in range(trials):
        path.write_bytes(damaged(whole, seed))
        try:
            use()
        except ValueError as error:
            assert str(tmp_path) in str(error), (seed, error)
            refused += 1
    print(f'{path.name}: {refused} of {trials} are refused')
    assert refused > trials // 4 or make is measurement  # which reads again
