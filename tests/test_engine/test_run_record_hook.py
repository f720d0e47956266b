import json
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

from multimodal_rs.engine import run_record_hook
from multimodal_rs.engine.run_record_hook import (
    SECONDS,
    RunRecordHook,
    by_subset,
    split_lists,
)

METRICS = {
    'mIoU': 3.0,
    'opt+sar/mIoU': 3.0,
    'opt/mIoU': 2.0,
    'sar/mIoU': 1.0,
    'opt/authors/mIoU': 0.0,
}
SUBSETS = {'opt+sar': ('opt', 'sar'), 'opt': ('opt',), 'sar': ('sar',)}


def test_metrics_of_subsets():
    found = by_subset(METRICS, ('opt', 'sar'), SUBSETS)
    assert list(found) == ['opt+sar', 'opt', 'sar']
    assert found['opt'] == {'mIoU': 2.0, 'authors/mIoU': 0.0}


def test_what_the_network_does_not_read_is_no_subset():
    found = by_subset(METRICS, ('opt',), SUBSETS)
    assert list(found) == ['opt'] and found['opt']['mIoU'] == 2.0


def test_loops_without_subsets():
    assert by_subset({'mIoU': 3.0}, ('opt', 'sar'), None) == {
        'opt+sar': {'mIoU': 3.0}
    }
    assert by_subset({'mIoU': 3.0}, (), None) == {'all': {'mIoU': 3.0}}


def test_split_lists_of_wrapped_data_sets():
    inner = dict(type='MultiModalSegDataset', ann_file='a.txt')
    cfg = Config(
        dict(
            train_dataloader=dict(
                dataset=dict(type='RepeatDataset', times=2, dataset=inner)
            ),
            val_dataloader=None,
            test_dataloader=dict(dataset=dict(ann_file='')),
        )
    )
    assert split_lists(cfg) == dict(train='a.txt', val=None, test=None)


@pytest.mark.parametrize(
    ('iteration', 'loaded', 'expected'),
    [
        (0, {}, 5.0),
        (0, {SECONDS: 100.0}, 5.0),  # weights of another run
        (7, {SECONDS: 100.0}, 105.0),
        (7, {}, None),  # a checkpoint from before
    ],
)
def test_a_resumed_run_counts_on(
    tmp_path, monkeypatch, iteration, loaded, expected
):
    clock = iter([10.0, 13.0, 15.0])
    monkeypatch.setattr(
        run_record_hook.time, 'perf_counter', lambda: next(clock)
    )
    hook = RunRecordHook()
    runner = SimpleNamespace(
        iter=iteration,
        epoch=1,
        train_loop=None,
        cfg=Config(),
        work_dir=str(tmp_path),
    )
    hook.after_load_checkpoint(runner, loaded)
    hook.before_train(runner)
    batch = dict(inputs=dict(opt=[torch.zeros(3, 4, 5)] * 2))
    hook.before_train_iter(runner, 0, batch)
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    if expected is None:
        next(clock)
        assert checkpoint[SECONDS] is None
    else:
        assert checkpoint[SECONDS] == expected - 2
    hook.after_train(runner)
    content = json.loads((tmp_path / 'training.json').read_text())
    assert content['seconds'] == expected
    assert content['iterations'] == iteration and content['epochs'] is None
    assert content['input_size'] == dict(opt=[3, 4, 5])
    assert content['memory_mib'] > 50
