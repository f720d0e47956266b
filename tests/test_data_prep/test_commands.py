"""Commands are found, and reached from a checkout and after installing."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import ROOT
from multimodal_rs.data_prep.__main__ import commands, main
from tool_runs import run, run_tool

NAMES = (
    'above_ground',
    'augsburg',
    'berlin',
    'bright',
    'c2seg_ab',
    'c2seg_bw',
    'ddhr',
    'dfc2020',
    'flair',
    'globe230k',
    'houston2013',
    'hunan',
    'isprs',
    'label_fractions',
    'labelled_scene',
    'mine',
    'muufl',
    'ombria',
    'one_grid',
    'pie_rgb_sar',
    'sen12ms',
    'sen1floods11',
    'simulate',
    'simulate_hs',
    'spacenet6',
    'trento',
    'whu_opt_sar',
)


def test_commands_are_found_and_have_a_script() -> None:
    assert set(NAMES) <= set(commands())
    assert not {'prepare', 'checks', 'splits'} & set(commands())
    scripts = {p.stem for p in (ROOT / 'data_prep').glob('[!_]*.py')}
    assert scripts == set(commands())


def test_console_entry_is_this_function() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg', encoding='utf-8')
    entries = parser['options.entry_points']['console_scripts'].split('\n')
    module = main.__module__
    assert f'multimodal-rs-prepare = {module}:run_command' in entries


def test_entry_lists_and_runs_the_commands(
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, 'argv', ['multimodal-rs-prepare'])
    with pytest.raises(SystemExit, match='0'):
        main(['--help'])
    text = capsys.readouterr().out
    assert 'Preparation of DFC2020' in text and 'Simulation of' in text
    with pytest.raises(SystemExit, match='0'):
        main(['dfc2020', '--help'])
    assert 'multimodal-rs-prepare dfc2020 [-h]' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='2'):
        main(['dfc2021', str(tmp_path)])
    assert "'dfc2020'" in capsys.readouterr().err
    assert main(['ombria', str(tmp_path), '--check']) == 1
    assert 'NO TILE' in capsys.readouterr().out


@pytest.mark.parametrize('installed', [False, True])
def test_scripts_of_a_checkout_and_modules(
    tmp_path: Path, installed: bool
) -> None:
    """The same answer, and no PYTHONPATH is needed for the scripts."""
    environment = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    program = [str(ROOT / 'data_prep/ombria.py')]
    if installed:
        environment['PYTHONPATH'] = str(ROOT / 'projects')
        program = ['-m', 'multimodal_rs.data_prep.ombria']
    done = subprocess.run(
        [sys.executable, *program, str(tmp_path), '--check'],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert 'has no file of any layer' in done.stdout, done.stderr


@pytest.mark.parametrize(
    'program',
    ['data_prep/ombria.py', pytest.param('-m', marks=pytest.mark.slow)],
)
def test_mistakes_end_in_their_message(tmp_path: Path, program: str) -> None:
    words = [program]
    if program == '-m':
        words += ['multimodal_rs.data_prep', 'ombria']
    done = run(sys.executable, *words, tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    (line,) = done.stderr.splitlines()
    assert 'no tile has all of' in line


def test_mistakes_with_their_place(tmp_path: Path) -> None:
    words = 'data_prep/ombria.py', tmp_path, '--traceback'
    done = run_tool(*words, check=False)
    assert done.returncode == 1
    assert 'Traceback (most recent call last)' in done.output
    assert 'no tile has all of' in done.output.splitlines()[-1]
