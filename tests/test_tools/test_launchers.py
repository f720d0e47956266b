"""The shell scripts that start several processes of train.py and test.py."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from multimodal_rs.utils.folder_lock import only_one
from tool_runs import free_port, gone, make_environment, until

TOOLS = ROOT / 'tools'
TOY = """
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmseg.registry import DATASETS, METRICS, MODELS


@MODELS.register_module()
class ToyModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, value, mode):
        output = self.layer(torch.stack(value))
        return {'loss': (output**2).mean()} if mode == 'loss' else list(output)


@DATASETS.register_module()
class ToyDataset(torch.utils.data.Dataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {'value': torch.full((1,), float(index))}


@METRICS.register_module()
class ToyMetric(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.extend(s.item() for s in data_samples)

    def compute_metrics(self, results):
        return {'samples': len(results)}
"""
TOY_CONFIG = """
custom_imports = dict(imports=['multimodal_rs', 'toy'])
default_scope = 'mmseg'
default_hooks = dict(plain_checkpoint=dict(type='PlainCheckpointHook'))
model = dict(type='ToyModel')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ToyDataset'),
)
test_dataloader = train_dataloader
train_cfg = dict(by_epoch=True, max_epochs=1)
test_cfg = dict(type='TestLoop')
test_evaluator = dict(type='ToyMetric')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
"""


@pytest.fixture
def fake_commands(tmp_path):
    """An environment whose python and srun print their arguments."""
    for name in ('python', 'srun'):
        path = tmp_path / name
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" {name} "$@"\n')
        path.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if k in ('HOME', 'LANG')}
    return {**kept, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'}


def run_script(name, *arguments, env, cwd=None):
    return subprocess.run(
        ['bash', str(TOOLS / name), *arguments],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ('script', 'arguments'),
    [
        ('dist_train.sh', ['CONFIG', 'GPUS']),
        ('dist_test.sh', ['CONFIG', 'CHECKPOINT', 'GPUS']),
        ('slurm_train.sh', ['PARTITION', 'JOB_NAME', 'CONFIG']),
        ('slurm_test.sh', ['PARTITION', 'JOB_NAME', 'CONFIG', 'CHECKPOINT']),
    ],
)
def test_missing_argument_is_named(script, arguments, fake_commands):
    for count, name in enumerate(arguments):
        done = run_script(script, *arguments[:count], env=fake_commands)
        assert done.returncode == 2
        assert done.stdout == ''
        first, second = done.stderr.splitlines()[:2]
        assert first == f'{name} is missing'
        assert second.startswith(f'usage: tools/{script} ')
        assert ' '.join(arguments) in second


@pytest.mark.parametrize('gpus', ['0', '-1', 'two', '--resume'])
def test_number_of_gpus_is_checked(gpus, fake_commands):
    done = run_script('dist_train.sh', 'c.py', gpus, env=fake_commands)
    assert done.returncode == 2
    assert f"got '{gpus}'" in done.stderr


def test_dist_train_command(fake_commands, tmp_path):
    arguments = ['my configs/c.py', '2', '--cfg-options', 'a="[1, 2]"']
    done = run_script(
        'dist_train.sh', *arguments, env=fake_commands, cwd=tmp_path
    )
    assert done.stdout.splitlines() == [
        *('python', '-m', 'torch.distributed.run'),
        '--nnodes=1',
        '--node_rank=0',
        '--master_addr=127.0.0.1',
        '--master_port=29500',
        '--nproc_per_node=2',
        str(TOOLS / 'train.py'),
        'my configs/c.py',
        *('--launcher', 'pytorch', '--cfg-options', 'a="[1, 2]"'),
    ]


def test_dist_test_command_on_several_machines(fake_commands):
    env = {
        **fake_commands,
        'NNODES': '2',
        'NODE_RANK': '1',
        'MASTER_ADDR': '10.0.0.1',
        'PORT': '1234',
    }
    done = run_script('dist_test.sh', 'c.py', 'x.pth', '4', '--tta', env=env)
    assert done.stdout.splitlines() == [
        *('python', '-m', 'torch.distributed.run'),
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=10.0.0.1',
        '--master_port=1234',
        '--nproc_per_node=4',
        str(TOOLS / 'test.py'),
        *('c.py', 'x.pth', '--launcher', 'pytorch', '--tta'),
    ]


@pytest.mark.parametrize(
    ('script', 'positional', 'tool'),
    [
        ('slurm_train.sh', ['c.py'], 'train.py'),
        ('slurm_test.sh', ['c.py', 'x.pth'], 'test.py'),
    ],
)
def test_slurm_command(script, positional, tool, fake_commands):
    env = {**fake_commands, 'GPUS': '2', 'SRUN_ARGS': '--qos=low --mem=8G'}
    done = run_script(script, 'gpu', 'job', *positional, '--x', env=env)
    assert done.stdout.splitlines() == [
        'srun',
        '--partition=gpu',
        '--job-name=job',
        '--gres=gpu:2',
        '--ntasks=2',
        '--ntasks-per-node=2',
        '--cpus-per-task=5',
        '--kill-on-bad-exit=1',
        *('--qos=low', '--mem=8G'),
        *('python', '-u', str(TOOLS / tool), *positional),
        *('--launcher', 'slurm', '--x'),
    ]


@pytest.mark.slow
def test_two_processes_without_a_gpu(tmp_path):
    """Train, resume and test with two processes each."""
    (tmp_path / 'toy.py').write_text(TOY)
    (tmp_path / 'config.py').write_text(TOY_CONFIG)
    env = {
        **os.environ,
        'PATH': f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
        'PYTHONPATH': f'{tmp_path}:{ROOT / "projects"}',
        'PORT': str(free_port()),
        'CUDA_VISIBLE_DEVICES': '',
    }
    config, work_dir = str(tmp_path / 'config.py'), str(tmp_path / 'run')
    two = ['train_cfg.max_epochs=2']
    steps = [
        ('dist_train.sh', config, '2'),
        ('dist_train.sh', config, '2', '--resume', '--cfg-options', *two),
        ('dist_test.sh', config, f'{work_dir}/epoch_2.pth', '2'),
    ]
    for script, *rest in steps:
        done = run_script(
            script, *rest, '--work-dir', work_dir, env=env, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stdout.count('gloo backend') == 1
    output = done.stdout + done.stderr
    # Of 6 predictions, one is of a sample that padded the second process.
    assert re.search(r'samples: 5\b', output)


@pytest.mark.slow
def test_a_killed_launcher_takes_its_processes_along(tmp_path):
    """And the next training finds the folder free."""
    (tmp_path / 'toy.py').write_text(TOY)
    endless = TOY_CONFIG.replace('max_epochs=1', 'max_epochs=10**6')
    (tmp_path / 'config.py').write_text(endless)
    work_dir = tmp_path / 'run'
    env = make_environment() | dict(
        PYTHONPATH=f'{tmp_path}:{ROOT / "projects"}', PORT=str(free_port())
    )
    words = ['bash', str(TOOLS / 'dist_train.sh'), str(tmp_path / 'config.py')]
    launcher = subprocess.Popen(
        [*words, '2', '--work-dir', str(work_dir)],
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: (work_dir / 'epoch_2.pth').exists())
        children = Path(f'/proc/{launcher.pid}/task/{launcher.pid}/children')
        ids = children.read_text().split()
        assert len(ids) == 2
    finally:
        launcher.kill()
        launcher.wait()
    until(lambda: all(map(gone, ids)), seconds=20)
    with only_one(work_dir, 'train', patience=0):
        pass
