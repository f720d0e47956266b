"""What a user sees of an error: its message, or the stack of a fault."""

import os
import re
import sys

import pytest
import torch
from mmengine.config import Config, config
from mmseg.registry import MODELS

import multimodal_rs  # noqa: F401  registers everything
from multimodal_rs.datasets.io.raster import read_raster
from multimodal_rs.datasets.modality import build_modalities
from multimodal_rs.utils import command_line
from multimodal_rs.utils.command_line import (
    CommandParser,
    ending_when_told,
    mistake,
    show,
)


def caught(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except Exception as error:
        return error
    raise AssertionError('nothing was raised')


def test_our_own_messages_are_mistakes():
    error = caught(build_modalities, {})
    assert mistake(error) == (
        'modalities is empty: declare at least one modality'
    )
    # without the quotes that Python shows a KeyError in
    error = caught(build_modalities, dict(opt=dict(bands=[0], band=1)))
    assert mistake(error).startswith("modality 'opt' declares unknown ['band'")


def test_what_an_expression_raises_is_none():
    # inside of ours, but no `raise` statement of ours
    assert mistake(caught(build_modalities, 3)) is None
    assert mistake(caught(torch.zeros(2).reshape, 3)) is None
    assert mistake(caught(int, 'x')) is None

    def assertion():
        assert not multimodal_rs

    assert mistake(caught(assertion)) is None
    assert mistake(KeyboardInterrupt()) is None


def test_files_and_packages(tmp_path):
    path = str(tmp_path / 'none')
    text = mistake(caught(open, path))
    assert text.startswith(f'{path}: No such file or directory (relative')
    message = mistake(caught(__import__, 'no_such_package'))
    assert "No module named 'no_such_package'" in message
    assert 'check_env.py' in message


def test_configs(tmp_path):
    def read(text):
        path = tmp_path / 'config.py'
        path.write_text(text)
        return mistake(caught(Config.fromfile, str(path)))

    assert 'was never closed' in read('a = dict(')
    assert "line 2: b = foo: NameError: name 'foo' is not" in read(
        'a = 1\nb = foo\n'
    )
    none = tmp_path / 'none.py'
    assert 'No such file' in read(f'_base_ = {str(none)!r}\n')


@pytest.mark.parametrize(
    ('config', 'expected'),
    [
        (dict(type='Nonsense'), 'Nonsense is not in the mmseg::model'),
        (
            dict(type='ConvHead', wrong=1, in_channels=8, num_classes=2),
            "config: .*unexpected keyword argument 'wrong'.*correct",
        ),
        (dict(type='SumFusionNeck'), 'config: .*missing 2 required'),
    ],
)
def test_what_the_registry_cannot_build(config, expected):
    message = mistake(caught(MODELS.build, config))
    assert re.match(expected, message), message


class Broken(torch.utils.data.Dataset):
    def __init__(self, function, argument):
        self.function = function
        self.argument = argument

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.function(self.argument)


@pytest.mark.parametrize(
    ('function', 'argument', 'expected'),
    [
        (read_raster, '/nowhere/tile.tif', '/nowhere/tile.tif does not exist'),
        (build_modalities, dict(opt=dict(bands=['B2'])), "modality 'opt': "),
        (build_modalities, dict(a=dict(bands=[0], b=1)), "modality 'a' decl"),
        (int, 'x', None),
    ],
)
def test_errors_of_loader_workers(function, argument, expected):
    loader = torch.utils.data.DataLoader(
        Broken(function, argument), num_workers=1
    )
    batches = iter(loader)
    error = caught(next, batches)
    batches._shutdown_workers()  # takes seconds if it is collected instead
    assert 'worker process' in str(error)
    message = mistake(error)
    if expected is None:
        assert message is None
    else:
        assert message.startswith(expected)
        assert 'Traceback' not in message


def test_the_stack_is_shown_on_request(capsys, monkeypatch):
    monkeypatch.delenv(command_line.SWITCH, raising=False)
    monkeypatch.setenv('COLUMNS', '80')  # a word may be broken in fewer
    error = caught(build_modalities, {})
    triple = (type(error), error, error.__traceback__)
    show(*triple)
    assert capsys.readouterr().err == f'{error}\n'
    parser = CommandParser(description='Something')
    assert vars(parser.parse_args([])) == {}
    assert command_line.SWITCH in parser.format_help().replace('\n', ' ')
    monkeypatch.setenv(command_line.SWITCH, '0')  # undone afterwards
    parser.parse_args(['--traceback'])
    assert os.environ[command_line.SWITCH] == '1'
    show(*triple)
    shown = capsys.readouterr().err
    assert shown.startswith('Traceback') and shown.endswith(f'{error}\n')


def test_run_ends_with_the_exit_code(monkeypatch):
    monkeypatch.setattr(sys, 'excepthook', sys.excepthook)
    monkeypatch.setattr(command_line, 'end_cleanly', lambda: None)
    with pytest.raises(SystemExit) as ended:
        command_line.run(lambda: 3)
    assert ended.value.code == 3
    assert sys.excepthook is show


@pytest.mark.parametrize('end', [SystemExit(143), KeyboardInterrupt()])
def test_an_end_that_is_taken_for_a_mistake(tmp_path, monkeypatch, end):
    """It comes while mmengine formats the config for a checkpoint."""

    def told(*arguments, **options):
        raise end

    monkeypatch.setattr('yapf.yapflib.yapf_api.FormatCode', told)
    monkeypatch.setattr(config, 'FormatCode', told, raising=False)  # older
    cfg = Config(dict(a=1))
    with pytest.raises(SyntaxError, match='Failed to format'):
        cfg.dump(tmp_path / 'config.py')
    with pytest.raises(type(end)) as caught_end, ending_when_told():
        cfg.dump(tmp_path / 'config.py')
    assert caught_end.value is end


def test_mistakes_of_a_config_stay():
    with pytest.raises(SyntaxError, match='one'), ending_when_told():
        raise SyntaxError('one')
