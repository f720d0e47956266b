"""A run that counts iterations, through the stock tools."""

import sys

import pytest

from helpers import ROOT
from tool_runs import newest, run, weights

CONFIG = """
_base_ = [
    '{base}/models/ref-net_r18.py',
    '{base}/datasets/simulated.py',
    '{base}/schedules/ref-net_70k.py',
    '{base}/iteration_runtime.py',
]
channels = 16
head = dict(in_channels=channels)
model = dict(
    data_preprocessor=_base_.data_preprocessor,
    backbone=dict(
        branches=dict(
            opt=dict(in_channels=4, base_channels=8),
            sar=dict(in_channels=2, base_channels=8),
        )
    ),
    neck=dict(in_channels=(64, 8, 16, 32, 64), channels=channels),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
root = dict(dataset=dict(data_root='{data}'))
train_dataloader = dict(
    batch_size=4, sampler=dict(type='InfiniteSampler', shuffle=True), **root
)
val_dataloader = dict(batch_size=4, **root)
test_dataloader = dict(batch_size=4, **root)
train_cfg = dict(max_iters=4, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=2, max_keep_ckpts=9)
)
"""


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp('iterations')
    data = folder / 'data'
    run(
        *(sys.executable, 'data_prep/simulate.py', data),
        *('--patches', 12, '--size', 64, '--scene', 256, 272),
    )
    base = ROOT / 'configs' / '_base_'
    config = folder / 'tiny.py'
    config.write_text(CONFIG.format(base=base, data=data))
    return folder


def train(workspace, *options):
    run(
        *(sys.executable, 'tools/train.py', workspace / 'tiny.py'),
        *('--work-dir', workspace / 'run', *options),
    )


def test_a_run_goes_on_at_its_iteration(workspace):
    train(workspace, '--cfg-options', 'train_cfg.max_iters=2')
    folder = workspace / 'run'
    first = weights(folder / 'iter_2.pth')
    assert first['meta']['iter'] == 2
    train(workspace, '--resume')
    last = weights(folder / 'iter_4.pth')
    assert last['meta']['iter'] == 4
    rate = last['param_schedulers'][0]['_last_value'][0]
    assert rate == pytest.approx(5e-4 * (1 - 4 / 70000) ** 0.9, rel=1e-6)
    key = 'neck.path.smooth.0.conv1.weight'
    assert not first['state_dict'][key].equal(last['state_dict'][key])
    log = newest(folder, '*.log').read_text()
    assert 'Iter(train) [3/4]' in log
    assert 'Iter(train) [2/4]' not in log
    assert any(folder.glob('best_*'))
