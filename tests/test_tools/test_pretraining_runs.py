"""Pretraining without labels, then fine-tuning, through the stock tools."""

import shutil

import pytest

from helpers import ROOT
from tool_runs import newest, once, run_tool, weights

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


@pytest.fixture(scope='session')
def pretrained(tmp_path_factory, simulated):
    """A folder with the config pre.py and its run, on data without labels."""

    def make(folder):
        bare = folder / 'bare'
        hidden = shutil.ignore_patterns('dfc_*')
        shutil.copytree(simulated, bare, ignore=hidden)
        assert not list(bare.rglob('*dfc*'))
        text = SMALL.format(base=str(BASES / PRE), data=str(bare))
        (folder / 'pre.py').write_text(text)
        train(folder, 'pre')

    return once(tmp_path_factory, 'pretrained', make)


def train(folder, name, *options):
    return run_tool(
        *('tools/train.py', folder / f'{name}.py'),
        *('--work-dir', folder / name, *options),
    ).output


def best_of(pretrained):
    (best,) = (pretrained / 'pre').glob('best_val_masked_error_epoch_*.pth')
    return best


def test_pretraining_draws_and_keeps_the_best(tmp_path, pretrained):
    best = best_of(pretrained)
    assert list((pretrained / 'pre').rglob('vis_image/val_*.png'))
    assert weights(best)['meta']['dataset_meta']['modalities']['sar']
    run_tool(
        *('tools/test.py', pretrained / 'pre.py', best),
        *('--work-dir', tmp_path, '--show-dir', tmp_path / 'shown'),
    )
    assert newest(tmp_path / 'shown', 'contact_sheet.png')


def test_fine_tuning_starts_from_it(tmp_path, simulated, pretrained):
    data = tmp_path / 'data'
    shutil.copytree(simulated, data)
    run_tool(
        *('data_prep/label_fractions.py', data),
        *('--config', 'simulated.py', '--percent', 50),
    )
    text = SMALL.format(base=str(BASES / FINE_TUNE), data=str(data))
    text += LOAD.format(folder=str(pretrained / 'pre'))
    text += "train_dataloader['dataset']['ann_file'] = "
    text += "'splits/default/labels-50/train.txt'\n"
    (tmp_path / 'ft.py').write_text(text)

    # With --resume, as run_seeds.py calls it, a fresh run starts from them.
    best = best_of(pretrained)
    log = train(tmp_path, 'ft', '--resume')
    assert f'weights of {best}' in log
    assert '2 missing:\n    decode_head.conv_seg.weight\n' in log
    assert '2 unused:\n    reconstruction.weight\n' in log

    # Going on with that run, it keeps its own.
    log = train(
        tmp_path, 'ft', '--resume', '--cfg-options', 'train_cfg.max_epochs=3'
    )
    assert 'weights of' not in log and 'Epoch(train) [3]' in log
    assert (tmp_path / 'ft' / 'epoch_3.pth').exists()


def test_validation_is_the_same_every_time(tmp_path, pretrained):
    scores = []
    for seed in (0, 1):
        log = run_tool(
            *('tools/test.py', pretrained / 'pre.py'),
            *(pretrained / 'pre' / 'epoch_2.pth', '--work-dir', tmp_path),
            *('--cfg-options', f'randomness.seed={seed}'),
        ).output
        _, _, tail = log.rpartition('test/masked_error: ')
        scores.append(tail.split('data_time')[0])
    assert scores[0] == scores[1] and '_opt' in scores[0]
