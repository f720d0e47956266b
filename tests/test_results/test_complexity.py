import argparse
import json

import pytest
from mmengine.config import Config
from mmseg.registry import MODELS

from _launch import ConfigOptions
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
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='*', action=ConfigOptions)
    results = read_results(ROOT)
    for name, records in results.summaries.items():
        for record in records:
            if record.input_size is None:  # no network, a classifier
                continue
            cfg = Config.fromfile(ROOT / results.configs[name])
            options = parser.parse_args(['--cfg-options', *record.options])
            cfg.merge_from_dict(options.cfg_options)
            shape = tuple(next(iter(record.input_size.values()))[1:])
            expected = complexity.complexity(cfg, shape)
            for key, value in expected.items():
                assert getattr(record, key) == value, (name, key)
