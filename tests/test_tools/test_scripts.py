"""train.py and test.py: their options, and how these change the config."""

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import mmseg
import pytest
from mmengine.config import Config

import _launch
from helpers import ROOT

TOOLS = ROOT / 'tools'


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


def test_amp_wants_a_gpu(monkeypatch):
    train = load(TOOLS / 'train.py')
    cfg = Config(dict(optim_wrapper=dict(type='AmpOptimWrapper')))
    monkeypatch.setattr(train, 'get_device', lambda: 'cuda')
    train.check_precision(cfg)
    monkeypatch.setattr(train, 'get_device', lambda: 'cpu')
    with pytest.raises(SystemExit, match="needs a GPU, found .* 'cpu': leave"):
        train.check_precision(cfg)
    cfg.optim_wrapper.type = 'OptimWrapper'
    train.check_precision(cfg)


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
