"""Whole runs through the stock tools, on a few simulated tiles."""

import json
import os
import random
import shutil
import time
from pathlib import Path

import mmseg
import pytest
import torch

from helpers import ROOT
from multimodal_rs.utils.folder_lock import FolderInUseError, only_one
from tool_runs import (
    newest,
    once,
    run_pair,
    run_tool,
    start_tool,
    weights,
)

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


@pytest.fixture(scope='session')
def config(tmp_path_factory, simulated):
    """A tiny config of the simulated data."""

    def make(folder):
        text = CONFIG.format(base=str(ROOT / BASE), data=str(simulated))
        (folder / 'tiny.py').write_text(text)

    return once(tmp_path_factory, 'tiny-config', make) / 'tiny.py'


@pytest.fixture(scope='session')
def trained(tmp_path_factory, config):
    """An uninterrupted run of four epochs, in a process of its own."""

    def make(folder):
        run_tool('tools/train.py', config, '--work-dir', folder)

    return once(tmp_path_factory, 'tiny-trained', make)


def test_checkpoints_load_weights_only(trained):
    content = weights(trained / 'epoch_4.pth')
    meta = content['meta']['dataset_meta']
    assert meta['modalities']['opt']['bands'] == ['B4', 'B3', 'B2', 'B8']
    assert len(meta['classes']) == 8
    assert content['optimizer']['state']


@pytest.mark.parametrize(
    'kills', [1, pytest.param(12, marks=pytest.mark.slow)]
)
def test_a_killed_run_resumes_to_the_same_result(
    tmp_path, config, trained, kills
):
    for trial in range(kills):
        folder = tmp_path / f'killed-{trial}'
        kill_a_run(config, folder, trial)
        run_tool('tools/train.py', config, '--work-dir', folder, '--resume')
        check_same_run(trained, folder)
        shutil.rmtree(folder)


def kill_a_run(config, folder, trial):
    """Kill a training at a random moment, now and then without any epoch."""
    chance = random.Random(trial)
    words = ('tools/train.py', config, '--work-dir', folder)
    process = start_tool(*words, output=os.devnull)
    epoch = chance.randrange(4)
    seen = folder / (f'epoch_{epoch}.pth' if epoch else 'tiny.py')
    deadline = time.time() + 300
    while not seen.exists():
        assert process.exitcode is None and time.time() < deadline
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 1))
    process.kill()
    process.join()


def check_same_run(whole, killed):
    expected, got = (weights(f / 'epoch_4.pth') for f in (whole, killed))
    for key, tensor in expected['state_dict'].items():
        assert torch.equal(tensor, got['state_dict'][key]), key
    names = [sorted(p.name for p in f.glob('*.pth')) for f in (whole, killed)]
    assert names[0] == names[1]
    scores = [
        json.loads(newest(f, 'scalars.json').read_text().splitlines()[-1])
        for f in (whole, killed)
    ]
    for key in ('mIoU', 'OA', 'val/cross_entropy'):
        assert scores[0][key] == scores[1][key]


def test_one_training_at_a_time_in_a_folder(tmp_path, config):
    """One that is told to end makes room for the next."""
    words = ('tools/train.py', config, '--work-dir', tmp_path)
    first = start_tool(*words, output=os.devnull)
    deadline = time.time() + 300
    while not (tmp_path / 'epoch_1.pth').exists():
        assert first.exitcode is None and time.time() < deadline
        time.sleep(0.01)
    with pytest.raises(FolderInUseError, match=f'by process {first.pid} on '):
        with only_one(tmp_path, 'train', 0):
            pass
    first.terminate()
    first.join()
    assert first.exitcode == 143
    with only_one(tmp_path, 'train', 0):
        pass
    hidden = [p.name for p in tmp_path.iterdir() if p.name.startswith('.')]
    assert hidden == ['.train.lock']


def subsets(folder):
    content = json.loads(newest(folder, 'modality_subsets.json').read_text())
    return {key: entry['metrics'] for key, entry in content.items()}


def test_two_processes_test_to_the_same_digits(tmp_path, config, trained):
    checkpoint = trained / 'epoch_4.pth'
    one, two = tmp_path / 'one', tmp_path / 'two'
    run_tool('tools/test.py', config, checkpoint, '--work-dir', one)
    run_pair('tools/test.py', config, checkpoint, '--work-dir', two)
    one, two = subsets(one), subsets(two)
    assert list(one) == ['opt+sar', 'opt', 'sar']
    assert one == two
    assert one['opt'] != one['sar']


def test_test_time_augmentation(tmp_path, config, trained):
    run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--tta'),
    )
    assert list(subsets(tmp_path)) == ['opt+sar', 'opt', 'sar']


def test_two_processes_train(tmp_path, config):
    run_pair(
        *('tools/train.py', config, '--work-dir', tmp_path),
        *('--cfg-options', 'train_cfg.max_epochs=1'),
        'train_dataloader.batch_size=2',
    )
    for key, tensor in weights(tmp_path / 'epoch_1.pth')['state_dict'].items():
        assert tensor.isfinite().all(), key


def test_mmseg_own_tools_run_our_config(tmp_path, config, trained):
    tools = Path(mmseg.__file__).parent / '.mim' / 'tools'
    run_tool(
        *(tools / 'train.py', config),
        *('--work-dir', tmp_path, '--cfg-options', 'train_cfg.max_epochs=1'),
    )
    assert (tmp_path / 'epoch_1.pth').exists()
    run_tool(
        *(tools / 'test.py', config),
        *(trained / 'epoch_4.pth', '--work-dir', tmp_path / 'test'),
        *('--show-dir', tmp_path / 'shown'),
    )
    assert list(subsets(tmp_path / 'test')) == ['opt+sar', 'opt', 'sar']
    assert list((tmp_path / 'shown').rglob('contact_sheet.png'))


def test_a_checkpoint_of_another_band_count_is_refused(
    tmp_path, config, trained
):
    option = "['B4','B3','B2']"
    result = run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--cfg-options'),
        *(
            f'{part}.modalities.opt.bands={option}'
            for part in ('test_dataloader.dataset', 'model.data_preprocessor')
        ),
        'model.backbone.branches.opt.in_channels=3',
        check=False,
    )
    assert result.returncode != 0
    assert 'trained with 4 bands, this config reads 3' in result.output


def test_a_scene_becomes_a_map(tmp_path, simulated, config, trained):
    scene = simulated / 'scene'
    out = tmp_path / 'map.tif'
    run_tool(
        *('tools/infer_scene.py', config, trained / 'epoch_4.pth'),
        *('--crop', 128, '--out', out),
        *('--raster', f'opt={scene / "s2.tif"}', f'sar={scene / "s1.tif"}'),
    )
    import rasterio

    with rasterio.open(out) as result, rasterio.open(scene / 's2.tif') as s2:
        assert result.crs == s2.crs and result.transform == s2.transform
        assert result.shape == s2.shape
        assert result.read(1).max() < 8


def test_a_checkpoint_of_another_network_is_refused(tmp_path, config, trained):
    result = run_tool(
        *('tools/test.py', config, trained / 'epoch_4.pth'),
        *('--work-dir', tmp_path, '--cfg-options'),
        *('model.decode_head.kernel_size=1', 'model.modality_heads=None'),
        check=False,
    )
    assert result.returncode != 0
    assert 'does not fit the network of the config' in result.output
