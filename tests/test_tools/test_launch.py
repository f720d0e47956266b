"""What the tools say before, after and instead of their work."""

import argparse
import logging
import sys
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config

import _launch
import train
from helpers import ROOT
from tool_runs import run

CONFIG = 'configs/joitrinet/joitrinet-d_r18_1xb8-15e_simulated-128x128.py'


def test_options_without_a_value_are_an_error_of_usage(capsys):
    parser = argparse.ArgumentParser()
    _launch.add_common_arguments(parser)
    words = ['--cfg-options', 'a.b=1', 'c=[1,2]']
    assert parser.parse_args(words).cfg_options == {'a.b': 1, 'c': [1, 2]}
    with pytest.raises(SystemExit) as ended:
        parser.parse_args([*words, 'lr', '=', '3'])
    assert ended.value.code == 2
    assert "expected KEY=VALUE, got 'lr'" in capsys.readouterr().err


@pytest.mark.parametrize('name', ['my data', 'a,b', '[x]', 'a,(b', '12'])
def test_paths_that_are_there_stay_as_they_are(tmp_path, name, monkeypatch):
    parser = argparse.ArgumentParser()
    _launch.add_common_arguments(parser)
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    for path in (str(folder), f'../{name}'):
        words = ['a=1,2', 'a.b=3', f'a.b={path}', 'c=x, y']
        options = parser.parse_args(['--cfg-options', *words]).cfg_options
        assert options == {'a': [1, 2], 'a.b': path, 'c': ['x', 'y']}


def test_what_is_no_checkpoint(tmp_path):
    path = tmp_path / 'x.pth'
    with pytest.raises(SystemExit, match='found nothing'):
        _launch.check_checkpoint(str(path))
    state = dict(weight=torch.zeros(9))
    torch.save(state, path, _use_new_zipfile_serialization=False)
    _launch.check_checkpoint(str(path))
    torch.save(state, path)
    _launch.check_checkpoint(str(path))
    _launch.check_checkpoint('https://example.org/x.pth')
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match='an incomplete'):
        _launch.check_checkpoint(str(path))
    path.write_text('<html>')
    with pytest.raises(ValueError, match='another kind of file'):
        _launch.check_checkpoint(str(path))


def test_a_run_does_not_go_on_with_another_network(tmp_path, monkeypatch):
    """Where torch ended in its optimiser, or went on with random weights."""
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=torch.nn.Linear(3, 2).state_dict()), path)
    done = []
    runner = SimpleNamespace(train=lambda: done.append('trained'), logger=None)
    nothing = ('quiet_log', 'check_same_start', 'check_training_data')
    for name in (*nothing, 'prepare_cpu_processes', 'close_processes'):
        monkeypatch.setattr(train, name, lambda *of_run: None)
    monkeypatch.setattr(train, 'say_where', lambda *of_run, trained: None)
    monkeypatch.setattr(train, 'build_runner', lambda cfg: runner)
    cfg = Config(dict(resume=True, load_from=str(path)))
    runner.model = torch.nn.Linear(3, 2)
    train.train(cfg)
    runner.model = torch.nn.Linear(4, 2)
    with pytest.raises(ValueError, match=r'epoch_1\.pth does not fit'):
        train.train(cfg)
    train.train(Config(dict(cfg, resume=False)))
    assert done == ['trained'] * 2


def test_the_log_keeps_what_helps(caplog):
    logger = logging.Logger('run')
    logger.addHandler(caplog.handler)
    _launch.quiet_log(logger)
    logger.warning('"FileClient" will be deprecated in future. Please use')
    logger.warning('The tile has no label')
    assert caplog.messages == ['The tile has no label']


def fake_runner(folder, best=None, **visualizer):
    logged = []
    runner = SimpleNamespace(
        work_dir=str(folder),
        log_dir=str(folder / 'now'),
        cfg=Config(dict(visualizer=visualizer)),
        message_hub=SimpleNamespace(get_info=lambda key, default: best),
        logger=SimpleNamespace(info=logged.append),
    )
    return runner, logged


def places(text):
    first, *lines = text.split('\n')
    assert first == 'Results are in'
    return {line[2:18].strip(): line[19:] for line in lines}


def test_the_end_names_what_is_there_and_nothing_else(tmp_path):
    log = str(tmp_path / 'now' / 'now.log')
    (tmp_path / 'now').mkdir()
    runner, logged = fake_runner(tmp_path)
    _launch.say_where(runner)
    assert places(logged.pop()) == {'log': log}

    (tmp_path / 'now' / 'land_cover_classes.csv').touch()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_2.pth'))
    pictures = tmp_path / 'shown' / 'vis_data'
    (pictures / 'vis_image').mkdir(parents=True)
    (pictures / 'contact_sheet.png').touch()
    runner, logged = fake_runner(
        tmp_path, best='best.pth', save_dir=str(tmp_path / 'shown')
    )
    _launch.say_where(runner, trained=True, maps='maps')
    assert places(logged.pop()) == {
        'best checkpoint': 'best.pth',
        'last checkpoint': str(tmp_path / 'epoch_2.pth'),
        'tables': str(tmp_path / 'now'),
        'pictures': str(pictures / 'vis_image'),
        'contact sheet': str(pictures / 'contact_sheet.png'),
        'predicted maps': 'maps',
        'log': log,
    }


def test_a_mistake_in_a_run_is_one_line_and_the_log_is_quiet(tmp_path):
    done = run(
        *(sys.executable, ROOT / 'tools/train.py', ROOT / CONFIG),
        *('--work-dir', tmp_path / 'run', '--cfg-options'),
        f'train_dataloader.dataset.data_root={tmp_path}',
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    expected = tmp_path / 'splits/default/train.txt'
    assert line.startswith(f"DFC2020Dataset: split list '{expected}' does not")
    for noise in ('Could not import OneDL', 'WARNING', 'UserWarning'):
        assert noise not in done.stdout


def test_an_optimizer_that_is_misspelt():
    several = dict(
        encoders=dict(type='OptimWrapper', optimizer=dict(type='AdamW')),
        rest=dict(type='OptimWrapper', optimizer=dict(type='AdamX')),
    )
    config = Config(dict(optim_wrapper=several))
    with pytest.raises(SystemExit, match="there is no optimiser 'AdamX'"):
        train.check_optimizers(config)
    config.optim_wrapper.rest.optimizer.type = 'SGD'
    train.check_optimizers(config)
    train.check_optimizers(Config(dict(optim_wrapper=several['encoders'])))
