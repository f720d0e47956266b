import shutil

import pytest

from helpers import ROOT
from multimodal_rs.results.record import SCHEMA, Record


@pytest.fixture
def make_record():
    """Build a record of two subsets; keywords replace what it holds."""

    def make(shift=0.0, **changes):
        measures = {
            subset: dict(mIoU=50.0 + i + shift, OA=80.0 + i + shift)
            for i, subset in enumerate(('opt+sar', 'opt'))
        }
        content = dict(
            schema=SCHEMA,
            config='configs/method/net_r18_1xb8-8e_ombria-128x128.py',
            method='Net',
            dataset='OMBRIA',
            split=dict(train='train.txt', val='val.txt', test=None),
            modalities=dict(opt=[0, 1, 2], sar=['VV']),
            seeds=[0],
            options=[],
            measures=measures,
            spread=None,
            classes={'opt+sar': {'IoU': {'dry': 60.0 + shift, 'wet': None}}},
            digits=None,
            parameters=1_500_000,
            flops=2_000_000_000,
            input_size=dict(opt=[3, 128, 128], sar=[1, 128, 128]),
            memory_mib=100.0,
            memory_of='process',
            train_seconds=10.0,
            test_seconds=1.0,
            epochs=8,
            iterations=560,
            device=['a machine'],
            commits=['a1'],
            command='python tools/run_seeds.py',
            versions=dict(torch='2.13.0'),
            date='2026-11-28',
            note=None,
        )
        return Record(**content | changes)

    return make


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the tables are made of."""
    for name in ('configs', 'docs'):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ('README.md', 'model-index.yml'):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path
