"""Maps of two networks on simulated tiles, from files to a file."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from PIL import Image

import compare_maps
from config_cases import load, with_measured_step
from multimodal_rs.visualization.panel import contact_sheet

CONFIG = 'configs/mrsdc/mrsdc_cascade-xs_1xb8-15e_simulated-128x128.py'


@pytest.fixture(scope='module')
def runs(tmp_path_factory, simulated):
    """Work directories of two networks that are not trained.

    In the second, a test with --tta has written its config.
    """
    folders = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        cfg = deepcopy(load(CONFIG))
        cfg.test_dataloader.dataset.data_root = str(simulated)
        meta = with_measured_step(cfg)
        state = MODELS.build(cfg.model.to_dict()).state_dict()
        folder = tmp_path_factory.mktemp('run')
        if seed:
            cfg.model = dict(cfg.tta_model, module=cfg.model)
            cfg.test_dataloader.dataset.pipeline = cfg.tta_pipeline
        cfg.dump(folder / 'mrsdc.py')
        torch.save(
            dict(state_dict=state, meta=dict(dataset_meta=meta)),
            folder / 'best_mIoU_epoch_1.pth',
        )
        folders.append(folder)
    return folders


def test_networks_of_other_classes_are_refused(runs, tmp_path, monkeypatch):
    usual = compare_maps.init_model

    def second_turned(config, checkpoint, device):
        model = usual(config, checkpoint, device)
        if checkpoint.parent == runs[1]:
            classes = model.dataset_meta['classes'][::-1]
            model.dataset_meta = dict(model.dataset_meta, classes=classes)
        return model

    monkeypatch.setattr(compare_maps, 'init_model', second_turned)
    out = tmp_path / 'maps.png'
    arguments = [*map(str, runs), '--count', '1', '--out', str(out)]
    with pytest.raises(ValueError, match='mrsdc.py: expected the classes of'):
        compare_maps.main(arguments)
    assert not out.exists()


def test_sheet(runs, tmp_path, monkeypatch):
    drawn = []

    def sheet(rows, *arguments):
        drawn.extend(rows)
        return contact_sheet(rows, *arguments)

    monkeypatch.setattr(compare_maps, 'contact_sheet', sheet)
    out = tmp_path / 'maps.png'
    arguments = [str(runs[0]), str(runs[1]), str(runs[0]), '--out', str(out)]
    arguments += ['--count', '2', '--legend']
    # A network may have the name of its sensor.
    assert compare_maps.main([*arguments, 'opt', 'sar', 'label']) == 0
    assert len(drawn) == 2
    for row in drawn:
        titles = [p.title for p in row.pictures]
        assert titles[:3] == ['opt', 'sar', 'label']
        assert titles[3:] == ['map of opt', 'map of sar', 'map of label']
        first, second, again = (p.pixels for p in row.pictures[3:])
        assert np.array_equal(first, again)
        assert not np.array_equal(first, second)
        assert row.note.startswith('opt ') and ', sar ' in row.note
    with Image.open(out) as picture:
        assert picture.width > 6 * 64
    with pytest.raises(ValueError, match='expected one config'):
        (tmp_path / 'best_mIoU_epoch_1.pth').write_bytes(
            (runs[0] / 'best_mIoU_epoch_1.pth').read_bytes()
        )
        compare_maps.main([str(tmp_path), '--out', str(out)])
    for names in (['a'], ['a', 'b', 'a']):
        with pytest.raises(SystemExit):
            compare_maps.main([*arguments, *names])
