"""The hook draws the right tiles in training and testing."""

import sys
import uuid
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from mmengine.config import Config
from mmengine.dataset import ConcatDataset, RepeatDataset
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from mmseg.registry import DATASETS, HOOKS
from mmseg.structures import SegDataSample
from PIL import Image
from torch.nn.functional import pad

import multimodal_rs  # noqa: F401  registers everything
from helpers import ROOT
from multimodal_rs.visualization.composites import hatch
from multimodal_rs.visualization.hook import (
    MultiModalVisualizationHook,
    _upright_view,
    declared_modalities,
)

CLASSES = ['water', 'forest', 'crops']
PALETTE = [[0, 0, 255], [0, 120, 0], [240, 200, 0]]
MODALITIES = dict(
    opt=dict(dir='opt', bands=[0, 1, 2]),
    sar=dict(dir='sar', bands=[0], optional=True),
)
SIZE = 24


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=len(array),
        height=array.shape[1],
        width=array.shape[2],
        dtype=array.dtype,
    ) as file:
        file.write(array)


@pytest.fixture
def data(tmp_path):
    """Write five tiles, the last one without sar."""
    rng = np.random.default_rng(0)
    tiles = [f'area/tile{i}' for i in range(5)]
    for tile in tiles:
        opt = rng.random((3, SIZE, SIZE), np.float32)
        opt[:, :5, :5] = np.nan
        write(tmp_path / 'opt' / f'{tile}.tif', opt)
        label = rng.integers(0, 3, (1, SIZE, SIZE)).astype(np.uint8)
        write(tmp_path / 'label' / f'{tile}.tif', label)
        if tile != tiles[-1]:
            sar = rng.random((1, SIZE, SIZE), np.float32)
            write(tmp_path / 'sar' / f'{tile}.tif', sar)
    (tmp_path / 'tiles.txt').write_text('\n'.join(tiles))
    return tmp_path


def head():
    return dict(
        type='ConvHead',
        in_channels=8,
        in_index=0,
        num_classes=3,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True),
    )


def model_config():
    branch = dict(
        type='ResNet',
        depth=18,
        base_channels=8,
        num_stages=1,
        strides=(1,),
        dilations=(1,),
        out_indices=(0,),
        norm_cfg=dict(type='BN'),
    )
    branches = {
        m: branch | dict(in_channels=n) for m, n in (('opt', 3), ('sar', 1))
    }
    return dict(
        type='MultiModalEncoderDecoder',
        data_preprocessor=dict(
            type='MultiModalSegDataPreProcessor',
            modalities=MODALITIES,
        ),
        backbone=dict(type='ParallelBackbones', branches=branches),
        neck=dict(
            type='SumFusionNeck',
            modalities=['opt', 'sar'],
            in_index=[0],
        ),
        decode_head=head(),
        modality_heads=dict(opt=head(), sar=head()),
        test_cfg=dict(mode='whole'),
    )


def runner_config(root, batch_size=2, **hook):
    dataset = dict(
        type='MultiModalSegDataset',
        data_root=str(root),
        ann_file='tiles.txt',
        modalities=MODALITIES,
        label=dict(dir='label'),
        metainfo=dict(classes=CLASSES, palette=PALETTE),
        pipeline=[
            dict(type='LoadMultiModalImages'),
            dict(type='LoadLandCover'),
            dict(type='PackMultiModalInputs'),
        ],
        test_mode=True,
    )
    loader = dict(
        batch_size=batch_size,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dataset,
    )
    return Config(
        dict(
            default_scope='mmseg',
            experiment_name=uuid.uuid4().hex,
            work_dir=str(root / 'work'),
            model=model_config(),
            train_dataloader=loader,
            val_dataloader=loader,
            test_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
            val_cfg=dict(),
            test_cfg=dict(),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=1e-3)),
            val_evaluator=dict(type='LandCoverMetric'),
            test_evaluator=dict(type='LandCoverMetric'),
            default_hooks=dict(
                checkpoint=None,
                visualization=dict(
                    type='MultiModalVisualizationHook', cell=48, **hook
                ),
            ),
            vis_backends=[dict(type='LocalVisBackend')],
            visualizer=dict(
                type='SegLocalVisualizer',
                vis_backends=[dict(type='LocalVisBackend')],
            ),
            log_level='WARNING',
        )
    )


def the_hook(runner):
    kind = MultiModalVisualizationHook
    (hook,) = (h for h in runner.hooks if isinstance(h, kind))
    return hook


def pictures(folder):
    return sorted(p.name for p in Path(folder).rglob('vis_image/*.png'))


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


def test_sheet_stands_beside_the_pictures(data):
    config = runner_config(data, draw=True)
    config.visualizer['save_dir'] = str(data / 'shown')
    Runner.from_cfg(config).test()
    assert (data / 'shown' / 'vis_data' / 'contact_sheet.png').exists()
    assert len(list(data.rglob('*.png'))) == 3


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


def test_modality_heads_are_drawn_beside_the_fused_one(data):
    config = runner_config(data, draw=True, interval=1)
    runner = Runner.from_cfg(config)
    runner.test()
    hook = the_hook(runner)
    titles = [p.title for p in hook.rows[0].pictures]
    assert titles[3:] == ['prediction', 'opt alone', 'sar alone', 'errors']
    drawn = [{p.title: p.pixels for p in r.pictures} for r in hook.rows]
    first, last = drawn[0], drawn[-1]
    assert not np.array_equal(first['opt alone'], first['sar alone'])
    assert not np.array_equal(first['opt alone'], first['prediction'])
    # the tile without sar: its head has not been asked, opt has answered
    assert last['sar alone'] is None
    np.testing.assert_array_equal(last['opt alone'], last['prediction'])
    assert (
        '(alone: opt ' in hook.rows[0].note and ', sar ' in hook.rows[0].note
    )


def test_single_predictions_are_those_of_the_subset(data):
    """The same digits as the table of the subsets has."""
    config = runner_config(data, draw=True, interval=1)
    config.test_cfg = dict(type='ModalitySubsetTestLoop', subsets=[['opt']])
    runner = Runner.from_cfg(config)
    metrics = runner.test()
    hook = the_hook(runner)
    shares = [float(r.note.split('opt ')[1].split('%')[0]) for r in hook.rows]
    assert np.mean(shares) == pytest.approx(100 - metrics['opt/OA'], abs=0.1)


def test_label_padded_for_the_network_is_cut(data):
    dataset = DATASETS.build(runner_config(data).val_dataloader.dataset)
    sample = dataset[4]
    output = sample['data_samples']
    output.pred_sem_seg = PixelData(data=output.gt_sem_seg.data.clone())
    padded = pad(output.gt_sem_seg.data, (0, 8, 0, 8), value=255)
    output.gt_sem_seg = PixelData(data=padded)
    inputs = {m: [x] for m, x in sample['inputs'].items()}
    hook = MultiModalVisualizationHook(draw=True, cell=SIZE)
    batch = dict(inputs=inputs, data_samples=[output])
    row = hook._row(dataset, batch, [output], 0)
    found = {p.title: p.pixels for p in row.pictures}
    assert row.title == 'area/tile4' and row.note == '0.0% wrong'
    assert found['sar'] is None
    np.testing.assert_array_equal(found['label'], found['prediction'])


def test_modalities_are_found_inside_wrappers(data):
    dataset = DATASETS.build(runner_config(data).val_dataloader.dataset)
    for wrapped in (
        dataset,
        RepeatDataset(dataset, 2),
        ConcatDataset([dataset, dataset]),
    ):
        assert list(declared_modalities(wrapped)) == ['opt', 'sar']
    with pytest.raises(TypeError, match='got list without `modalities`'):
        declared_modalities([])


def test_augmented_views_are_drawn_upright():
    def view(value, flip):
        sample = SegDataSample(metainfo=dict(flip=flip))
        return dict(opt=[torch.full((1, 2, 2), value)]), [sample]

    views = [view(1.0, True), view(2.0, False), view(3.0, False)]
    inputs, samples = map(list, zip(*views, strict=True))
    batch = dict(inputs=inputs, data_samples=samples)
    assert _upright_view(batch)[0]['opt'][0][0, 0, 0] == 2
    batch = dict(inputs=inputs[:1], data_samples=samples[:1])
    assert _upright_view(batch)[0]['opt'][0][0, 0, 0] == 1
    batch = dict(inputs=inputs[0], data_samples=samples[0])
    assert _upright_view(batch) == (inputs[0], samples[0])


def test_browse_tool_draws_what_the_pipeline_yields(data, monkeypatch):
    config = runner_config(data)
    config.custom_imports = dict(imports=['multimodal_rs'])
    config.dump(data / 'config.py')
    monkeypatch.syspath_prepend(str(ROOT / 'tools' / 'analysis_tools'))
    out = data / 'browse'
    words = ['--split', 'val', '--count', '9', '--out', str(out)]
    monkeypatch.setattr(
        sys, 'argv', ['browse_dataset.py', str(data / 'config.py'), *words]
    )
    import browse_dataset

    monkeypatch.setattr(browse_dataset, 'ROWS', 4)
    browse_dataset.main()
    pages = [np.asarray(Image.open(out / f'val_{i}.png')) for i in (1, 2)]
    assert len(list(out.iterdir())) == 2
    # 24 pixels are shown as 240; four tiles, then one
    assert pages[0].shape[0] - pages[1].shape[0] == 3 * (240 + 26 + 12)


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
