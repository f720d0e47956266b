"""The pictures of a network on simulated tiles, from files to files."""

import copy
import json

import pytest
import torch
from mmseg.registry import MODELS
from PIL import Image

import show_fusion
from config_cases import load, with_measured_step
from multimodal_rs.data_prep import simulate

CONFIG = 'configs/df2rq/df2rq_r18-w16_1xb8-15e_simulated-outlines-128x128.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('outlines')
    simulate.main(
        [
            *(str(root), '--patches', '6', '--size', '64'),
            *('--scene', '256', '256', '--displacement', '4'),
        ]
    )
    return root


def test_tool(tmp_path, data, capsys):
    cfg = copy.deepcopy(load(CONFIG))
    usual = cfg.test_dataloader.dataset.data_root
    cfg.test_dataloader.dataset.data_root = str(data)
    meta = with_measured_step(cfg)
    cfg.test_dataloader.dataset.data_root = usual
    cfg.dump(tmp_path / 'df2rq.py')
    model = MODELS.build(cfg.model.to_dict())
    checkpoint = tmp_path / 'checkpoint.pth'
    torch.save(
        dict(state_dict=model.state_dict(), meta=dict(dataset_meta=meta)),
        checkpoint,
    )
    options = [f'test_dataloader.dataset.data_root={data}']
    out = tmp_path / 'out'
    show_fusion.main(
        [
            *(str(tmp_path / 'df2rq.py'), str(checkpoint)),
            *('--out', str(out)),
            *('--count', '1', '--cfg-options', *options),
        ]
    )
    assert 'fusion.json' in capsys.readouterr().out
    content = json.loads((out / 'fusion.json').read_text())
    assert content['tiles'] == 1
    for level, stride in zip(content['levels'], (4, 16), strict=True):
        assert level['stride'] == stride
        # Untrained: nothing is moved, and nothing correlates.
        assert level['regions']['found_length'] == 0
        assert level['regions']['correlation'] is None
        assert 1 < level['regions']['simulated_length'] < 4
        assert level['weights']['opt']['mean'] == pytest.approx(0.5)
        with Image.open(out / f'fusion_stride{stride}.png') as picture:
            assert picture.width > 6 * 192
