import subprocess

import pytest
import torch

from multimodal_rs.results import environment
from tool_runs import run_tool

# In a process of its own, whose peak no test before it has raised.
HOLD = """
import torch
from multimodal_rs.results import environment

before, owner = environment.peak_memory()
assert owner == 'process'
held = torch.ones(int(before + 64) * environment.MEBI // 4)
after, _ = environment.peak_memory()
assert after >= held.numel() * 4 / environment.MEBI
"""


def test_peak_memory_grows_with_what_is_held(tmp_path):
    (tmp_path / 'hold.py').write_text(HOLD)
    run_tool(tmp_path / 'hold.py')


@pytest.mark.gpu
def test_peak_memory_of_a_gpu():
    before, owner = environment.peak_memory()
    assert owner == 'cuda'
    held = torch.ones(int(before + 64) * environment.MEBI // 4, device='cuda')
    after, _ = environment.peak_memory()
    assert after >= held.numel() * 4 / environment.MEBI


def test_commit_says_what_is_not_committed(tmp_path, monkeypatch):
    assert environment.commit(tmp_path) == 'unknown'

    def git(*command):
        who = ['-c', 'user.name=a', '-c', 'user.email=a@b.c']
        subprocess.run(['git', *who, *command], cwd=tmp_path, check=True)

    file = tmp_path / 'file'
    file.write_text('1')
    git('init', '-q')
    git('add', 'file')
    git('commit', '-qm', 'first')
    name = environment.commit(tmp_path)
    assert len(name) >= 7 and ' ' not in name
    file.write_text('2')
    assert environment.commit(tmp_path) == f'{name} with changes'
    monkeypatch.setenv('PATH', str(tmp_path / 'nothing'))
    assert environment.commit(tmp_path) == 'unknown'


def test_versions_are_those_that_run():
    found = environment.versions()
    assert found['torch'] == torch.__version__
    assert set(found) >= {'python', 'mmengine', 'mmcv', 'mmseg'}
