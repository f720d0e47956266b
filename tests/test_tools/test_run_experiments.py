"""Lists of experiments: read, printed, run side by side, tabulated."""

import json
import os
import shlex
from pathlib import Path

import pytest

import run_experiments
import run_seeds
from helpers import ROOT
from multimodal_rs.results.experiments import read_experiments

LISTS = sorted((ROOT / 'experiments').glob('*.json'))
# Stands for run_seeds.py where only the order and the places matter.
RUNNER = """
import os, pathlib, sys, time
config, seed = sys.argv[1], sys.argv[3]
place = os.environ.get('CUDA_VISIBLE_DEVICES')
folder = pathlib.Path(sys.argv[5])
mark = folder / f'running-{place}'
mark.touch(exist_ok=False)  # one at a time in each place
print(config, seed, place, len(list(folder.glob('running-*'))), flush=True)
if 'slow' in config:
    deadline = time.time() + 20
    while not (folder / 'end').exists() and time.time() < deadline:
        time.sleep(0.02)
if 'last' in config:
    (folder / 'end').touch()
mark.unlink()
sys.exit('broken' in config)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ('slow', 'broken', 'fine', 'last'):
        (tmp_path / f'{name}.py').touch()
    (tmp_path / 'runner.py').write_text(RUNNER)
    monkeypatch.setattr(run_experiments, 'ROOT', tmp_path)
    monkeypatch.setattr(run_experiments, 'RUNNER', 'runner.py')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_list(folder, **content):
    path = folder / 'list.json'
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize('path', LISTS, ids=lambda p: p.stem)
def test_shipped_lists(path):
    experiments = read_experiments(path, ROOT)
    assert experiments.about and len(experiments.configs) >= 4


def test_side_by_side_a_failure_stops_nothing(folder, capfd):
    names = ['slow.py', 'broken.py', 'fine.py', 'last.py']
    arguments = [write_list(folder, configs=names, seeds=[3])]
    work = folder / 'work'
    arguments += ['--work-dir', str(work), '--gpus', '4', '7']
    assert run_experiments.main(arguments) == 1
    texts = [
        (work / f'{n[:-3]}-seed-3.log').read_text().split() for n in names
    ]
    # The slow one holds its place until the last one has run in the other.
    assert [t[2] for t in texts] == ['4', '7', '7', '7']
    assert [t[1] for t in texts] == ['3'] * 4
    assert not list(work.glob('running-*'))
    error = capfd.readouterr().err
    log = work / 'broken-seed-3.log'
    assert error == f'NOT DONE: broken, seed 3: see {log}\n'


def test_one_at_a_time(folder, capfd):
    (folder / 'work').mkdir()
    path = write_list(folder, configs=['fine.py', 'broken.py'], seeds=[0, 1])
    assert run_experiments.main([path, '--work-dir', 'work']) == 1
    out, error = capfd.readouterr()
    place = os.environ.get('CUDA_VISIBLE_DEVICES')
    assert f'fine.py 0 {place} 1' in out and f'fine.py 1 {place} 1' in out
    assert error.count('NOT DONE: broken, seed ') == 2


def test_commands(folder, capsys):
    path = write_list(folder, configs=['[fl]*.py'], options=['a=[1, 2]'])
    assert run_experiments.main([path, '--print', '--seeds', '0', '1']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert lines[0] == (
        'python runner.py fine.py --seeds 0 --work-dir work_dirs/list '
        "--cfg-options 'a=[1, 2]'"
    )


def test_commands_start_where_they_were_printed(tmp_path, monkeypatch, capsys):
    """Runner, config and folder of the runs, from any folder."""
    monkeypatch.chdir(tmp_path)
    path = ROOT / 'experiments' / 'joitrinet-table-5.json'
    assert run_experiments.main([str(path), '--print', '--seeds', '0']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    for line in lines:
        python, runner, config, *others = shlex.split(line)
        assert run_seeds._parse([config, *others]).seeds == [0]
        assert python == 'python' and Path(runner).samefile(
            ROOT / 'tools' / 'run_seeds.py'
        )
        assert (ROOT / 'configs' / 'joitrinet').samefile(Path(config).parent)
        assert Path(config).is_file()


@pytest.mark.parametrize('tool', [run_experiments, run_seeds])
@pytest.mark.parametrize('seeds', [['0', '0'], ['1', '-1']])
def test_seeds_of_the_command_line(folder, capsys, tool, seeds):
    """The same run twice would count twice in the table."""
    path = write_list(folder, configs=['fine.py'])
    with pytest.raises(SystemExit):
        tool.main([path, '--seeds', *seeds])
    message = 'expected whole numbers from 0, each of them once'
    assert message in capsys.readouterr().err


def test_a_gpu_is_named_once(folder, capsys):
    """It would have one run at a time, whatever was meant."""
    path = write_list(folder, configs=['fine.py'])
    with pytest.raises(SystemExit):
        run_experiments.main([path, '--gpus', '0', '1', '0'])
    assert "got ['0', '1', '0'], expected each once" in capsys.readouterr().err


def test_a_pattern_stands_for_configs_only(folder):
    (folder / 'notes').mkdir()
    for name in ('a.py', 'b.py', 'README.md', 'metafile.yml'):
        (folder / 'notes' / name).touch()
    path = Path(write_list(folder, configs=['notes/*']))
    configs = read_experiments(path, folder).configs
    assert [config.name for config in configs] == ['a.py', 'b.py']


WRONG = [
    (dict(config=['fine.py']), 'the key "configs"'),
    (dict(configs=['fine.py'], seed=[1]), r"unknown keys \['seed'\]"),
    (dict(configs=['nothing.py']), 'nothing.py fits no file below'),
    (dict(configs=['fine.py', '*.py']), r"\['fine'\] named more than once"),
    (dict(configs=['fine.py'], compare_with='x'), "compare_with='x'"),
    (dict(configs=[]), r'configs=\[\], expected a list of paths'),
    (dict(configs='fine.py'), "configs='fine.py', expected a list of paths"),
    (dict(configs=[3]), r'configs=\[3\], expected a list of paths'),
    (dict(configs=['list.json']), r"fits \['list.json'\] below .* \*\.py"),
    *(
        (dict(configs=['fine.py'], seeds=seeds), 'seeds=.*, expected a list')
        for seeds in ('012', [0.5], [0, 0], [], [True], [-1], 3, None)
    ),
    *(
        (dict(configs=['fine.py'], options=options), 'expected .* KEY=VALUE')
        for options in ('a=1', dict(a=1), ['a'], ['=1'], [1])
    ),
    (dict(configs=['fine.py'], about=['x']), 'about=.*, expected a text'),
    (dict(configs=['fine.py'], compare_with=3), 'compare_with=3, expected'),
]


@pytest.mark.parametrize('content, message', WRONG)
def test_wrong_lists(folder, content, message):
    path = write_list(folder, **content)
    with pytest.raises(ValueError, match=f'list.json: .*{message}'):
        run_experiments.main([path])
