"""MMRS through the stock tools: two optimisers, a kill, a map of a .mat."""

import json

import numpy as np
import pytest
import rasterio
import torch

from helpers import ROOT
from tool_runs import newest, once, run_tool, weights

BASE = 'configs/mmrs/mmrs-gaps_cnn5-w16_1xb64-20e_simulated-hs-11x11.py'
CONFIG = """
_base_ = {base!r}
custom_imports = dict(imports=['multimodal_rs', 'kill'])
encoder = dict(width=4)
model = dict(
    backbone=dict(branches=dict(hsi=encoder, lidar=encoder)),
    neck=dict(channels=8),
    decode_head=dict(in_channels=24),
)
root = dict(dataset=dict(data_root={data!r}))
train_dataloader = dict(batch_size=16, **root)
val_dataloader = root
test_dataloader = root
train_cfg = dict(max_epochs=4, val_interval=2)
default_hooks = dict(
    logger=dict(interval=1),
    checkpoint=dict(interval=1, max_keep_ckpts=9),
)
custom_hooks = [
    dict(type='LossRampHook', begin=1, length=2),
    dict(type='KillHook'),
]
step = dict(type='StepLR', step_size=1, gamma=0.5, by_epoch=True)
param_scheduler = dict(generator=[step])
"""
# Ends a process as SIGKILL does, in the middle of the third epoch.
KILL = """
import os
from mmengine.hooks import Hook
from mmseg.registry import HOOKS

@HOOKS.register_module()
class KillHook(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if 'KILL' in os.environ and (runner.epoch, batch_idx) == (2, 1):
            os._exit(9)
"""


@pytest.fixture(scope='module')
def town(tmp_path_factory):
    """A small scene with labels, and a config of it."""

    def make(folder):
        size = ('--size', 200, 120, '--train', 6, '--test', 4)
        run_tool('data_prep/simulate_hs.py', folder / 'data', *size)
        text = CONFIG.format(base=str(ROOT / BASE), data=str(folder / 'data'))
        (folder / 'tiny.py').write_text(text)
        (folder / 'kill.py').write_text(KILL)

    return once(tmp_path_factory, 'tiny-town', make)


@pytest.fixture(scope='module')
def trained(tmp_path_factory, town):
    """An uninterrupted run of four epochs."""

    def make(folder):
        options = ('--work-dir', folder)
        run_tool('tools/train.py', town / 'tiny.py', *options, path=[town])

    return once(tmp_path_factory, 'tiny-town-trained', make)


def test_a_killed_run_resumes_to_the_same_result(tmp_path, town, trained):
    command = ('tools/train.py', town / 'tiny.py', '--work-dir', tmp_path)
    killed = run_tool(*command, path=[town], check=False, KILL='1')
    assert killed.returncode == 9
    assert (tmp_path / 'epoch_2.pth').exists()
    assert not (tmp_path / 'epoch_3.pth').exists()
    run_tool(*command, '--resume', path=[town])
    expected, got = (weights(f / 'epoch_4.pth') for f in (trained, tmp_path))
    for key, tensor in expected['state_dict'].items():
        assert torch.equal(tensor, got['state_dict'][key]), key
    for name, state in expected['optimizer'].items():
        for number, of_parameter in state['state'].items():
            for key, value in of_parameter.items():
                other = got['optimizer'][name]['state'][number][key]
                assert torch.equal(value, other), (name, number, key)
    rates = [
        {k: v['param_groups'][0]['lr'] for k, v in run['optimizer'].items()}
        for run in (expected, got)
    ]
    # mmengine takes no step after the last epoch
    assert rates == [dict(generator=1e-3 / 8, discriminator=2e-4)] * 2


def test_log_has_the_losses_of_both(trained):
    rows = newest(trained, 'scalars.json').read_text().splitlines()
    last = [json.loads(row) for row in rows if 'decode.loss_ce' in row][-1]
    assert {'generator.lr', 'discriminator.lr', 'adversarial'} <= set(last)
    assert {'loss_reconstruction', 'discriminator.loss_real'} <= set(last)


def test_mixed_precision_is_refused_by_name(tmp_path, town):
    command = ('tools/train.py', town / 'tiny.py', '--work-dir', tmp_path)
    result = run_tool(*command, '--amp', path=[town], check=False)
    assert result.returncode != 0
    assert 'trains in full precision, leave --amp out' in result.output


def test_tests_with_each_sensor_and_maps_matlab_files(tmp_path, town, trained):
    config, checkpoint = town / 'tiny.py', trained / 'epoch_4.pth'
    command = ('tools/test.py', config, checkpoint, '--work-dir', tmp_path)
    run_tool(*command, path=[town])
    table = json.loads(newest(tmp_path, 'modality_subsets.json').read_text())
    assert list(table) == ['hsi+lidar', 'hsi', 'lidar']
    out = tmp_path / 'map.tif'
    run_tool(
        *('tools/infer_scene.py', config, checkpoint, '--raster'),
        f'hsi={town / "data" / "HSI.mat"}',
        f'lidar={town / "data" / "LiDAR.mat"}',
        *('--out', out, '--crop', 256, '--batch-size', 1),
        path=[town],
    )
    with rasterio.open(out) as file:
        ids = file.read(1)
    assert ids.shape == (120, 200)
    assert len(np.unique(ids)) > 1 and (ids < 15).all()
