"""A run that counts iterations, through the stock tools."""

import pytest

from helpers import ROOT
from tool_runs import newest, once, run_tool, weights

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
loader = dict(batch_size=5, num_workers=0, persistent_workers=False, **root)
train_dataloader = dict(
    sampler=dict(type='InfiniteSampler', shuffle=True), **loader
)
val_dataloader = loader
test_dataloader = loader
# a pass over twelve tiles and a quarter of the next, then more
train_cfg = dict(max_iters=5, val_interval=3)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(interval=3, max_keep_ckpts=9)
)
"""


@pytest.fixture(scope='session')
def resumed(tmp_path_factory, simulated):
    """A run that ended at its third iteration, and went on to the fifth."""

    def make(folder):
        base = ROOT / 'configs' / '_base_'
        text = CONFIG.format(base=base, data=simulated)
        (folder / 'tiny.py').write_text(text)
        train(folder, folder / 'run', '--cfg-options', 'train_cfg.max_iters=3')
        train(folder, folder / 'run', '--resume')

    return once(tmp_path_factory, 'iterations', make)


def train(folder, work_dir, *options):
    config = folder / 'tiny.py'
    run_tool('tools/train.py', config, '--work-dir', work_dir, *options)


def test_a_run_goes_on_at_its_iteration(resumed):
    folder = resumed / 'run'
    first = weights(folder / 'iter_3.pth')
    assert first['meta']['iter'] == 3
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


def test_and_ends_like_one_that_was_not_interrupted(tmp_path, resumed):
    train(resumed, tmp_path)
    there, whole = (
        weights(folder / 'iter_5.pth')['state_dict']
        for folder in (resumed / 'run', tmp_path)
    )
    differing = [k for k, v in whole.items() if not v.equal(there[k])]
    assert not differing
