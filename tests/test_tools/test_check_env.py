"""The environment check tells what is missing and how to get it."""

import json

import pytest

import check_env


@pytest.fixture(scope='module')
def facts():
    return check_env.collect()


def test_this_environment_is_complete(facts):
    assert facts['problems'] == []
    assert facts['stack'] in ('onedl', 'openmmlab')
    assert all(facts['required'].values()), facts['required']
    assert facts['devices'][0] == 'cpu'
    assert set(facts['scan_backends']) == set(check_env.SCAN_BACKENDS)


def test_report_and_json_hold_the_same(facts):
    assert json.loads(json.dumps(facts)) == facts
    text = check_env.report(facts)
    for name, version in facts['required'].items():
        assert name in text
        assert version in text
    assert text.endswith('All is well.')


def test_missing_package_comes_with_a_command(monkeypatch):
    monkeypatch.setattr(
        check_env, 'REQUIRED', {'no_such_package.x': 'pip install that'}
    )
    problems = []
    versions = check_env.find_required(problems)
    assert versions['no_such_package'] is None
    assert problems == ['no_such_package: not installed. pip install that']


def test_torchvision_that_does_not_fit_is_found(tmp_path, monkeypatch):
    package = tmp_path / 'torchvision'
    package.mkdir()
    (package / '__init__.py').write_text(
        'raise RuntimeError("operator torchvision::nms does not exist")'
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(check_env.sys.modules, 'torchvision', raising=False)
    monkeypatch.setattr(
        check_env, 'OPTIONAL', {'torchvision': ('mmpretrain', 'pip')}
    )
    problems = []
    check_env.find_optional(problems, [])
    assert len(problems) == 1
    assert 'torchvision::nms does not exist' in problems[0]
    assert 'pip uninstall -y torchvision' in problems[0]


class Distribution:
    def __init__(self, name):
        self.metadata = {'Name': name}


@pytest.mark.parametrize(
    ('names', 'stack', 'problem'),
    [
        (['onedl-mmengine', 'onedl_mmcv'], 'onedl', None),
        (['mmengine', 'mmcv'], 'openmmlab', None),
        ([], None, 'no OpenMMLab stack'),
        (['onedl-mmengine', 'mmcv'], 'both', 'pip uninstall -y mmcv'),
    ],
)
def test_stack(monkeypatch, names, stack, problem):
    monkeypatch.setattr(
        check_env.metadata,
        'distributions',
        lambda: [Distribution(name) for name in names],
    )
    problems = []
    assert check_env.find_stack(problems) == stack
    assert len(problems) == (problem is not None)
    if problem:
        assert problem in problems[0]


def test_package_without_its_kernel(monkeypatch):
    there = {'mamba_ssm'}
    monkeypatch.setattr(check_env, 'is_there', there.__contains__)
    hints = []
    states = check_env.find_scan_backends(['cpu'], hints)
    assert states['mamba_ssm'] == 'installed, no kernel'
    assert states['causal_conv1d'] == 'not installed'
    assert any('selective_scan_cuda was not built' in h for h in hints)


def test_kernel_without_a_device(monkeypatch):
    monkeypatch.setattr(check_env, 'is_there', lambda name: True)
    monkeypatch.setattr(check_env, 'try_import', lambda name: ('1.0', None))
    states = check_env.find_scan_backends(['cpu'], [])
    assert states['triton'] == 'installed, no CUDA device'
    assert states['numba'] == 'installed, 1.0'
    states = check_env.find_scan_backends(['cpu', 'cuda:0'], [])
    assert states['triton'] == 'installed, 1.0'


def test_exit_code(monkeypatch, capsys):
    found = {
        **dict.fromkeys(('python', 'platform', 'stack'), 'x'),
        **{k: {} for k in ('required', 'optional', 'scan_backends')},
        'cpu_threads': {},
        'devices': [],
        'hints': [],
        'problems': [],
    }
    monkeypatch.setattr(check_env, 'collect', lambda: found)
    monkeypatch.setattr(check_env.sys, 'argv', ['check_env.py', '--json'])
    assert check_env.main() == 0
    found['problems'] = ['torch: not installed. pip install torch']
    assert check_env.main() == 1
    assert json.loads(capsys.readouterr().out.split('\n}\n')[1] + '}')
