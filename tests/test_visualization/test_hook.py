"""The hook draws the right tiles in training and testing."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmseg.registry import HOOKS
from PIL import Image

from drawn_tiles import PALETTE, SIZE, pictures, runner_config, the_hook
from multimodal_rs.visualization.composites import hatch
from multimodal_rs.visualization.hook import MultiModalVisualizationHook


def test_validation_draws_the_first_sample_of_some_batches(data):
    config = runner_config(data, draw=True, interval=2)
    Runner.from_cfg(config).train()
    # three batches of 2; batches 0 and 2, after iterations 3 and 6
    assert pictures(data / 'work') == [
        'val_area_tile0_3.png',
        'val_area_tile0_6.png',
        'val_area_tile4_3.png',
        'val_area_tile4_6.png',
    ]
    assert not list(data.rglob('contact_sheet.png'))


def test_testing_draws_all_samples_and_a_sheet(data):
    config = runner_config(data, draw=True, interval=1, sheet_rows=2)
    runner = Runner.from_cfg(config)
    runner.test()
    folder = Path(runner.log_dir, 'vis_data')
    assert pictures(data) == [f'test_area_tile{i}_0.png' for i in range(5)]
    one = np.asarray(Image.open(folder / 'vis_image/test_area_tile0_0.png'))
    sheet = np.asarray(Image.open(folder / 'contact_sheet.png'))
    assert one.shape[1] == sheet.shape[1]
    assert sheet.shape[0] - one.shape[0] == 48 + 26 + 12
    # the tile as loaded, hatched where it is invalid, twice as large
    corner = hatch(SIZE, SIZE)[:5, :5].repeat(2, 0).repeat(2, 1)
    top, left = 24 + 46 + 26, 24
    found = one[top : top + 10, left : left + 10]
    np.testing.assert_array_equal(found, corner)
    label = rasterio.open(data / 'label/area/tile0.tif').read(1)
    left += 2 * (48 + 12)
    drawn = one[top : top + 48 : 2, left : left + 48 : 2]
    np.testing.assert_array_equal(drawn, np.array(PALETTE)[label])


def test_named_tiles_replace_the_interval(data, caplog):
    config = runner_config(
        data, draw=True, interval=1, tiles=['area/tile3', 'nowhere']
    )
    runner = Runner.from_cfg(config)
    runner.logger.addHandler(caplog.handler)
    runner.val()
    runner.test()
    assert pictures(data) == [
        'test_area_tile3_0.png',
        'val_area_tile3_0.png',
    ]
    assert "['nowhere']" in caplog.text


def test_nothing_is_drawn_unless_asked(data, monkeypatch):
    runner = Runner.from_cfg(runner_config(data))
    runner.test()
    assert not list(data.rglob('*.png'))
    config = runner_config(data, draw=True, interval=1)
    monkeypatch.setattr(
        'multimodal_rs.visualization.hook.is_main_process', lambda: False
    )
    Runner.from_cfg(config).test()
    assert not list(data.rglob('*.png'))


def test_switches_of_the_test_tool(data, monkeypatch):
    """What tools/test.py does for --show --show-dir --wait-time."""
    shown = []
    monkeypatch.setattr(
        Visualizer,
        'show',
        lambda self, image, win_name, wait_time: shown.append(
            (image.shape[2], win_name, wait_time)
        ),
    )
    config = runner_config(data, sheet_rows=0)
    hook = config.default_hooks.visualization
    hook['draw'] = hook['show'] = True
    hook['wait_time'] = 0.5
    config.visualizer['save_dir'] = str(data / 'shown')
    Runner.from_cfg(config).test()
    # interval 50: the samples of the first batch
    names = ['test_area_tile0', 'test_area_tile1']
    assert shown == [(3, name, 0.5) for name in names]
    folder = data / 'shown' / 'vis_data' / 'vis_image'
    assert pictures(folder.parent) == [f'{name}_0.png' for name in names]
    assert not list(data.rglob('contact_sheet.png'))


def test_sheet_stands_beside_the_pictures_and_in_the_run(data):
    config = runner_config(data, draw=True)
    config.visualizer['save_dir'] = str(data / 'shown')
    runner = Runner.from_cfg(config)
    runner.test()
    sheets = {
        Path(folder, 'vis_data', 'contact_sheet.png')
        for folder in (runner.log_dir, data / 'shown')
    }
    assert {*data.rglob('contact_sheet.png')} == sheets
    assert len(list(data.rglob('*.png'))) == 4


def test_testing_needs_no_training_data(data):
    config = runner_config(data, draw=True)
    config.train_dataloader.dataset.ann_file = 'nowhere.txt'
    Runner.from_cfg(config).test()
    assert len(pictures(data)) == 2


def test_subset_loop_shows_what_all_modalities_predict(data):
    config = runner_config(data, draw=True, interval=1)
    config.test_cfg = dict(type='ModalitySubsetTestLoop', subsets=[['sar']])
    Runner.from_cfg(config).test()
    assert len(pictures(data)) == 5


@pytest.mark.parametrize('chosen', ['worst', 'best'])
def test_worst_and_best_tiles(data, chosen, monkeypatch):
    config = runner_config(data, draw=True, chosen=chosen, sheet_rows=2)
    runner = Runner.from_cfg(config)
    wrong = {}
    error = MultiModalVisualizationHook._error

    def remember(self, output):
        wrong[output.sample_id] = error(self, output)
        return wrong[output.sample_id]

    monkeypatch.setattr(MultiModalVisualizationHook, '_error', remember)
    runner.test()
    order = sorted(wrong, key=wrong.get, reverse=chosen == 'worst')
    hook = the_hook(runner)
    assert len(set(wrong.values())) == 5
    assert [row.title for row in hook.rows] == order[:2]
    expected = {f'test_{tile.replace("/", "_")}_0.png' for tile in order[:2]}
    assert set(pictures(data)) == expected
    assert len(list(data.rglob('contact_sheet.png'))) == 1


@pytest.mark.parametrize(
    ('arguments', 'error', 'expected'),
    [
        (dict(interval=0), ValueError, 'interval must be at least 1, got 0'),
        (dict(sheet_rows=-1), ValueError, 'sheet_rows must be at least 0'),
        (dict(chosen='bad'), ValueError, "'worst', 'best'.*got 'bad'"),
        (dict(chosen='best', tiles=['a']), ValueError, 'leave `tiles` out'),
        (dict(chosen='worst', sheet_rows=0), ValueError, 'set `sheet_rows`'),
        (dict(tiles='a'), TypeError, r"write \['a'\]"),
    ],
)
def test_misuse_is_explained(arguments, error, expected):
    with pytest.raises(error, match=expected):
        MultiModalVisualizationHook(**arguments)
    assert HOOKS.get('MultiModalVisualizationHook') is (
        MultiModalVisualizationHook
    )
