"""train.py, test.py and the scripts that start several of them."""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import mmseg
import pytest
from mmengine.config import Config

import _launch
from helpers import ROOT
from multimodal_rs.utils.folder_lock import only_one
from tool_runs import free_port, make_environment, until

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


def load(path: Path):
    """Import a script under a name that hides no other module."""
    spec = importlib.util.spec_from_file_location(
        f'script_{path.parent.name}_{path.stem}', path
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def mmseg_tool(name: str) -> Path:
    path = Path(mmseg.__file__).parent / '.mim' / 'tools' / name
    if not path.is_file():
        pytest.skip('this mmseg was installed without its tools')
    return path


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


# Options that mmseg's tools do not have, and their defaults.
OWN = {'test.py': dict(test_on=None)}


@pytest.mark.parametrize(
    ('tool', 'positional'),
    [('train.py', ['c.py']), ('test.py', ['c.py', 'x.pth'])],
)
def test_options_and_defaults_are_mmsegs(tool, positional, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')  # mmseg's parse_args sets it
    theirs = mmseg_tool(tool)
    options = set(re.findall(r"'(--[\w-]+)'", theirs.read_text()))
    monkeypatch.setattr(sys, 'argv', [tool, *positional])
    default = vars(load(theirs).parse_args())
    assert vars(load(TOOLS / tool).parse_args()) == default | OWN.get(tool, {})
    assert {o.strip('-').replace('-', '_') for o in options} == set(
        default
    ) - {'config', 'checkpoint'}


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_help_names_every_option(tool, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', [tool, '--help'])
    with pytest.raises(SystemExit):
        load(TOOLS / tool).parse_args()
    text = capsys.readouterr().out
    for option in re.findall(r"'(--[\w-]+)'", mmseg_tool(tool).read_text()):
        assert option in text


def arguments(config, **changes) -> argparse.Namespace:
    default = dict(
        cfg_options=None, launcher='none', local_rank=0, work_dir=None
    )
    return argparse.Namespace(config=str(config), **{**default, **changes})


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'some-config.py'
    path.write_text('answer = dict(value=41)\n')
    return path


def test_work_dir_priority(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    assert _launch.load_config(arguments(config)).work_dir == (
        './work_dirs/some-config'
    )
    options = {'work_dir': str(tmp_path / 'a'), 'answer.value': 42}
    cfg = _launch.load_config(arguments(config, cfg_options=options))
    assert cfg.work_dir == str(tmp_path / 'a')
    assert cfg.answer.value == 42
    named = str(tmp_path / 'b')
    cfg = _launch.load_config(
        arguments(config, cfg_options=options, work_dir=named)
    )
    assert cfg.work_dir == named
    assert (tmp_path / 'b').is_dir()


def test_work_dir_that_cannot_be_made(config, tmp_path):
    below_a_file = str(config / 'run')
    with pytest.raises(SystemExit) as caught:
        _launch.load_config(arguments(config, work_dir=below_a_file))
    message = str(caught.value)
    assert message.startswith(f'work directory {below_a_file!r}: expected')
    assert 'Not a directory' in message
    assert '--work-dir' in message
    assert '\n' not in message


def test_missing_config_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, str(TOOLS / 'train.py'), 'configs/none.py'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "config 'configs/none.py': expected a file, found nothing"
    )
    assert 'Traceback' not in done.stderr
    assert not (tmp_path / 'work_dirs').exists()


def test_checkpoint_may_be_a_url_but_not_a_folder(tmp_path):
    _launch.check_file('checkpoint', 'https://example.org/x.pth')
    with pytest.raises(SystemExit, match='found a directory'):
        _launch.check_file('checkpoint', str(tmp_path))


def test_amp(capsys):
    train = load(TOOLS / 'train.py')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper')))
    train.enable_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type='AmpOptimWrapper', loss_scale='dynamic'
    )
    train.enable_amp(cfg)  # a warning, and nothing else
    cfg.optim_wrapper.type = 'OtherWrapper'
    with pytest.raises(SystemExit, match='OtherWrapper'):
        train.enable_amp(cfg)


def test_amp_of_several_optimisers():
    train = load(TOOLS / 'train.py')
    sgd = dict(optimizer=dict(type='SGD', lr=0.1))
    cfg = Config(
        dict(
            optim_wrapper=dict(
                constructor='SomeConstructor',
                generator=dict(type='OptimWrapper', **sgd),
                discriminator=sgd,  # of mmengine's default type
            )
        )
    )
    train.enable_amp(cfg)
    for name in ('generator', 'discriminator'):
        wrapper = cfg.optim_wrapper[name]
        assert wrapper.type == 'AmpOptimWrapper'
        assert wrapper.loss_scale == 'dynamic'
    assert cfg.optim_wrapper.constructor == 'SomeConstructor'
    cfg.optim_wrapper.generator.type = 'OptimWrapper'
    cfg.optim_wrapper.discriminator.type = 'OtherWrapper'
    with pytest.raises(SystemExit, match="{'discriminator': 'OtherWrapper'}"):
        train.enable_amp(cfg)
    assert cfg.optim_wrapper.generator.type == 'OptimWrapper'


def test_options_of_test_change_the_config():
    tool = load(TOOLS / 'test.py')
    cfg = Config(
        dict(
            model=dict(type='M'),
            default_hooks=dict(visualization=dict(type='H')),
            visualizer=dict(type='V'),
            test_dataloader=dict(dataset=dict(pipeline=[])),
            test_evaluator=[dict(type='A'), dict(type='B')],
            tta_model=dict(type='T'),
            tta_pipeline=[dict(type='P')],
        )
    )
    args = argparse.Namespace(show=True, show_dir='d', wait_time=1.0)
    tool.draw_predictions(cfg, args)
    assert cfg.default_hooks.visualization == dict(
        type='H', draw=True, show=True, wait_time=1.0
    )
    assert cfg.visualizer.save_dir == 'd'
    tool.augment_at_test_time(cfg)
    assert cfg.model == dict(type='T', module=dict(type='M'))
    assert cfg.test_dataloader.dataset.pipeline == [dict(type='P')]
    tool.save_maps(cfg, 'maps')
    assert cfg.test_evaluator == [
        dict(type='A', output_dir='maps', keep_results=True),
        dict(type='B'),
    ]
    with pytest.raises(SystemExit, match='no tta_model and no tta_pipeline'):
        tool.augment_at_test_time(Config(dict()))
    with pytest.raises(SystemExit, match='visualization'):
        tool.draw_predictions(Config(dict()), args)


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
    until(lambda: not any(Path('/proc', i).exists() for i in ids), seconds=20)
    with only_one(work_dir, 'train', patience=0):
        pass
