"""Pretraining without labels, then fine-tuning, through the stock tools."""

import shutil
import sys

import pytest

from helpers import ROOT
from tool_runs import newest, run, weights

BASES = ROOT / 'configs' / 'cmss'
PRE = 'deeplabv3plus-mdafm-pre_r18_1xb8-40e_simulated-128x128.py'
FINE_TUNE = 'deeplabv3plus-mdafm-ft10_r18_1xb8-80e_simulated-128x128.py'
SMALL = """
_base_ = {base!r}
encoder = dict(base_channels=16)
model = dict(
    backbone=dict(branches=dict(opt=encoder, sar=encoder)),
    neck=dict(channels=(16, 128)),
    decode_head=dict(in_channels=(16, 128), decoder=dict(channels=16)),
)
root = dict(dataset=dict(data_root={data!r}))
train_dataloader = dict(batch_size=4, **root)
val_dataloader = dict(batch_size=4, **root)
test_dataloader = dict(batch_size=3, **root)
train_cfg = dict(max_epochs=2, val_interval=1)
default_hooks = dict(logger=dict(interval=1))
"""
LOAD = """
default_hooks['pretrained'] = dict(checkpoint={folder!r})
"""


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    """Simulated patches, with labels and, elsewhere, without."""
    folder = tmp_path_factory.mktemp('pretraining')
    data, bare = folder / 'data', folder / 'bare'
    run(
        *(sys.executable, 'data_prep/simulate.py', data),
        *('--patches', 18, '--size', 64, '--scene', 256, 272),
    )
    run(
        *(sys.executable, 'data_prep/label_fractions.py', data),
        *('--config', 'simulated.py', '--percent', 50),
    )
    shutil.copytree(data, bare, ignore=shutil.ignore_patterns('dfc_*'))
    assert not list(bare.rglob('*dfc*'))
    pre = SMALL.format(base=str(BASES / PRE), data=str(bare))
    (folder / 'pre.py').write_text(pre)
    fine_tune = SMALL.format(base=str(BASES / FINE_TUNE), data=str(data))
    fine_tune += LOAD.format(folder=str(folder / 'pre'))
    fine_tune += "train_dataloader['dataset']['ann_file'] = "
    fine_tune += "'splits/default/labels-50/train.txt'\n"
    (folder / 'ft.py').write_text(fine_tune)
    return folder


def train(workspace, name, *options):
    return run(
        *(sys.executable, 'tools/train.py', workspace / f'{name}.py'),
        *('--work-dir', workspace / name, *options),
    )


def test_both_stages(workspace):
    train(workspace, 'pre')
    folder = workspace / 'pre'
    (best,) = folder.glob('best_val_masked_error_epoch_*.pth')
    assert list(folder.rglob('vis_image/val_*.png'))
    pretrained = weights(best)
    assert pretrained['meta']['dataset_meta']['modalities']['sar']

    # With --resume, as run_seeds.py calls it, a fresh run starts from them.
    result = train(workspace, 'ft', '--resume')
    log = result.stdout + result.stderr
    assert f'weights of {best}' in log
    assert '2 missing:\n    decode_head.conv_seg.weight\n' in log
    assert '2 unused:\n    reconstruction.weight\n' in log

    # Going on with that run, it keeps its own.
    result = train(
        workspace, 'ft', '--resume', '--cfg-options', 'train_cfg.max_epochs=3'
    )
    log = result.stdout + result.stderr
    assert 'weights of' not in log and 'Epoch(train) [3]' in log
    assert (workspace / 'ft' / 'epoch_3.pth').exists()

    run(
        *(sys.executable, 'tools/test.py', workspace / 'pre.py', best),
        *('--work-dir', workspace / 'tested'),
        *('--show-dir', workspace / 'shown'),
    )
    assert newest(workspace / 'shown', 'contact_sheet.png')


def test_validation_is_the_same_every_time(workspace):
    config = workspace / 'pre.py'
    if not (workspace / 'pre' / 'epoch_2.pth').exists():
        train(workspace, 'pre')
    checkpoint = workspace / 'pre' / 'epoch_2.pth'
    scores = []
    for seed in (0, 1):
        result = run(
            *(sys.executable, 'tools/test.py', config, checkpoint),
            *('--work-dir', workspace / f'again-{seed}', '--cfg-options'),
            f'randomness.seed={seed}',
        )
        log = result.stdout + result.stderr
        _, _, tail = log.rpartition('test/masked_error: ')
        scores.append(tail.split('data_time')[0])
    assert scores[0] == scores[1] and '_opt' in scores[0]
