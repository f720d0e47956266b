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
loader = dict(batch_size=4, num_workers=0, persistent_workers=False, **root)
train_dataloader = dict(
    sampler=dict(type='InfiniteSampler', shuffle=True), **loader
)
val_dataloader = loader
test_dataloader = loader
# one and a half passes over eight tiles, then more
train_cfg = dict(max_iters=5, val_interval=3)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=3, max_keep_ckpts=9)
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


def train(workspace, folder, *options):
    run(
        *(sys.executable, 'tools/train.py', workspace / 'tiny.py'),
        *('--work-dir', workspace / folder, *options),
    )


def test_a_run_goes_on_at_its_iteration(workspace):
    folder = workspace / 'run'
    train(workspace, 'run', '--cfg-options', 'train_cfg.max_iters=3')
    first = weights(folder / 'iter_3.pth')
    assert first['meta']['iter'] == 3
    train(workspace, 'run', '--resume')
    last = weights(folder / 'iter_5.pth')
    assert last['meta']['iter'] == 5
    rate = last['param_schedulers'][0]['_last_value'][0]
    assert rate == pytest.approx(5e-4 * (1 - 5 / 70000) ** 0.9, rel=1e-6)
    key = 'neck.path.smooth.0.conv1.weight'
    assert not first['state_dict'][key].equal(last['state_dict'][key])
    log = newest(folder, '*.log').read_text()
    assert 'repeat the validation of iteration 3' in log
    assert 'Iter(train) [4/5]' in log
    assert 'Iter(train) [3/5]' not in log
    assert any(folder.glob('best_*'))


def test_and_ends_like_one_that_was_not_interrupted(workspace):
    train(workspace, 'whole')
    resumed, whole = (
        weights(workspace / name / 'iter_5.pth')['state_dict']
        for name in ('run', 'whole')
    )
    differing = [k for k, v in whole.items() if not v.equal(resumed[k])]
    assert not differing
