import json

import pytest
from mmengine.config import Config
from mmseg.registry import MODELS

from helpers import ROOT
from multimodal_rs.results import complexity
from multimodal_rs.results.store import read_results

SMALL = 'configs/baselines/deeplabv3plus-sar_r18_1xb8-15e_simulated-128x128.py'


def test_only_what_the_network_reads(tmp_path):
    target = tmp_path / 'out.json'
    arguments = [str(ROOT / SMALL), str(target), '--size', '32', '64']
    complexity.main(arguments)
    content = json.loads(target.read_text())
    assert content['input_size'] == dict(sar=[2, 32, 64])
    model = MODELS.build(Config.fromfile(ROOT / SMALL).model)
    assert content['parameters'] == sum(p.numel() for p in model.parameters())
    assert 0 < content['flops'] < 1e9


@pytest.mark.slow
def test_costs_in_the_records_are_those_of_the_networks():
    results = read_results(ROOT)
    for name, records in results.summaries.items():
        for record in records:
            cfg = Config.fromfile(ROOT / results.configs[name])
            shape = tuple(next(iter(record.input_size.values()))[1:])
            expected = complexity.complexity(cfg, shape)
            for key, value in expected.items():
                assert getattr(record, key) == value, (name, key)
