"""Whole runs through the stock tools, on a few simulated tiles."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import mmseg
import pytest
import torch

from helpers import ROOT
from tool_runs import make_environment, newest, run, weights

BASE = 'configs/joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py'
CONFIG = """
_base_ = {base!r}
encoder = dict(base_channels=8)
decoder = dict(in_channels=(8, 64), channels=16, dropout=0.5)
head = dict(in_channels=16)
model = dict(
    backbone=dict(
        branches=dict(opt=encoder, sar=encoder),
        necks=dict(opt=decoder, sar=decoder),
    ),
    neck=dict(channels=(16,)),
    decode_head=head,
    modality_heads=dict(opt=head, sar=head),
)
root = dict(dataset=dict(data_root={data!r}))
train_dataloader = dict(batch_size=4, **root)
val_dataloader = dict(batch_size=4, **root)
test_dataloader = dict(batch_size=3, **root)
train_cfg = dict(max_epochs=4, val_interval=1)
default_hooks = dict(
    logger=dict(interval=1), checkpoint=dict(max_keep_ckpts=9)
)
"""


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    """Eighteen simulated patches and a tiny config."""
    folder = tmp_path_factory.mktemp('runs')
    data = folder / 'data'
    run(
        *(sys.executable, 'data_prep/simulate.py', data),
        *('--patches', 18, '--size', 64, '--scene', 256, 272),
    )
    config = folder / 'tiny.py'
    config.write_text(CONFIG.format(base=str(ROOT / BASE), data=str(data)))
    return folder


@pytest.fixture(scope='module')
def trained(workspace):
    """An uninterrupted run of four epochs."""
    train(workspace, 'whole')
    return workspace / 'whole'


def train(workspace, name, *options):
    return run(
        *(sys.executable, 'tools/train.py', workspace / 'tiny.py'),
        *('--work-dir', workspace / name, *options),
    )


def test_checkpoints_load_weights_only(trained):
    content = weights(trained / 'epoch_4.pth')
    meta = content['meta']['dataset_meta']
    assert meta['modalities']['opt']['bands'] == ['B4', 'B3', 'B2', 'B8']
    assert len(meta['classes']) == 8
    assert content['optimizer']['state']


def test_a_killed_run_resumes_to_the_same_result(workspace, trained):
    folder = workspace / 'killed'
    process = subprocess.Popen(
        [sys.executable, 'tools/train.py', str(workspace / 'tiny.py')]
        + ['--work-dir', str(folder)],
        cwd=ROOT,
        env=make_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.time() + 300
    while not (folder / 'epoch_2.pth').exists():
        assert process.poll() is None and time.time() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (folder / 'epoch_4.pth').exists()

    train(workspace, 'killed', '--resume')
    expected, got = (weights(f / 'epoch_4.pth') for f in (trained, folder))
    for key, tensor in expected['state_dict'].items():
        assert torch.equal(tensor, got['state_dict'][key]), key
    best = [sorted(p.name for p in f.glob('best*')) for f in (trained, folder)]
    assert best[0] == best[1]
    scores = [
        json.loads(newest(f, 'scalars.json').read_text().splitlines()[-1])
        for f in (trained, folder)
    ]
    for key in ('mIoU', 'OA', 'val/cross_entropy'):
        assert scores[0][key] == scores[1][key]


def subsets(folder):
    content = json.loads(newest(folder, 'modality_subsets.json').read_text())
    return {key: entry['metrics'] for key, entry in content.items()}


def test_two_processes_test_to_the_same_digits(workspace, trained):
    config, checkpoint = workspace / 'tiny.py', trained / 'epoch_4.pth'
    run(
        *(sys.executable, 'tools/test.py', config, checkpoint),
        *('--work-dir', workspace / 'one'),
    )
    run(
        *('bash', 'tools/dist_test.sh', config, checkpoint, 2),
        *('--work-dir', workspace / 'two'),
        PORT='29611',
    )
    one, two = subsets(workspace / 'one'), subsets(workspace / 'two')
    assert list(one) == ['opt+sar', 'opt', 'sar']
    assert one == two
    assert one['opt'] != one['sar']


def test_test_time_augmentation(workspace, trained):
    run(
        *(sys.executable, 'tools/test.py', workspace / 'tiny.py'),
        *(trained / 'epoch_4.pth', '--work-dir', workspace / 'tta', '--tta'),
    )
    assert list(subsets(workspace / 'tta')) == ['opt+sar', 'opt', 'sar']


def test_two_processes_train(workspace):
    folder = workspace / 'distributed'
    run(
        *('bash', 'tools/dist_train.sh', workspace / 'tiny.py', 2),
        *('--work-dir', folder, '--cfg-options', 'train_cfg.max_epochs=1'),
        'train_dataloader.batch_size=2',
        PORT='29612',
    )
    for key, tensor in weights(folder / 'epoch_1.pth')['state_dict'].items():
        assert tensor.isfinite().all(), key


def test_mmseg_own_tools_run_our_config(workspace, trained):
    tools = Path(mmseg.__file__).parent / '.mim' / 'tools'
    folder = workspace / 'mmseg'
    run(
        *(sys.executable, tools / 'train.py', workspace / 'tiny.py'),
        *('--work-dir', folder, '--cfg-options', 'train_cfg.max_epochs=1'),
    )
    assert (folder / 'epoch_1.pth').exists()
    run(
        *(sys.executable, tools / 'test.py', workspace / 'tiny.py'),
        *(trained / 'epoch_4.pth', '--work-dir', workspace / 'mmseg-test'),
        *('--show-dir', workspace / 'shown'),
    )
    assert list(subsets(workspace / 'mmseg-test')) == ['opt+sar', 'opt', 'sar']
    assert list((workspace / 'shown').rglob('contact_sheet.png'))


def test_a_checkpoint_of_another_band_count_is_refused(workspace, trained):
    option = "['B4','B3','B2']"
    result = run(
        *(sys.executable, 'tools/test.py', workspace / 'tiny.py'),
        *(trained / 'epoch_4.pth', '--work-dir', workspace / 'bands'),
        '--cfg-options',
        *(
            f'{part}.modalities.opt.bands={option}'
            for part in ('test_dataloader.dataset', 'model.data_preprocessor')
        ),
        'model.backbone.branches.opt.in_channels=3',
        check=False,
    )
    assert result.returncode != 0
    assert 'trained with 4 bands, this config reads 3' in result.stderr


def test_a_scene_becomes_a_map(workspace, trained):
    scene = workspace / 'data' / 'scene'
    out = workspace / 'map.tif'
    run(
        *(sys.executable, 'tools/infer_scene.py', workspace / 'tiny.py'),
        *(trained / 'epoch_4.pth', '--crop', 128, '--out', out),
        *('--raster', f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}'),
    )
    import rasterio

    with rasterio.open(out) as result, rasterio.open(scene / 's2.tif') as s2:
        assert result.crs == s2.crs and result.transform == s2.transform
        assert result.shape == s2.shape
        assert result.read(1).max() < 8


def test_a_checkpoint_of_another_network_is_refused(workspace, trained):
    result = run(
        *(sys.executable, 'tools/test.py', workspace / 'tiny.py'),
        *(trained / 'epoch_4.pth', '--work-dir', workspace / 'other'),
        '--cfg-options',
        *('model.decode_head.num_classes=7', 'model.modality_heads=None'),
        check=False,
    )
    assert result.returncode != 0
    assert 'does not fit the network of the config' in result.stderr
