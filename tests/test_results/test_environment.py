import subprocess

import torch

from multimodal_rs.results import environment


def test_peak_memory_grows_with_what_is_held():
    before, owner = environment.peak_memory()
    assert owner == ('cuda' if torch.cuda.is_available() else 'process')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    held = torch.ones(int(before + 64) * environment.MEBI // 4, device=device)
    after, _ = environment.peak_memory()
    assert after >= held.numel() * 4 / environment.MEBI


def test_commit_says_what_is_not_committed(tmp_path):
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


def test_versions_are_those_that_run():
    found = environment.versions()
    assert found['torch'] == torch.__version__
    assert set(found) >= {'python', 'mmengine', 'mmcv', 'mmseg'}
