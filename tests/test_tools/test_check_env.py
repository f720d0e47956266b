"""The environment check tells what is missing and how to get it."""

import json

import pytest

import check_env
from multimodal_rs.ops import causal_conv1d, dispatch
from multimodal_rs.ops.dispatch import NAMES


@pytest.fixture(scope='module')
def facts():
    return check_env.collect()


def test_this_environment_is_complete(facts):
    assert facts['problems'] == []
    assert facts['stack'] in ('onedl', 'openmmlab')
    assert all(facts['required'].values()), facts['required']
    assert facts['devices'][0] == 'cpu'
    assert list(facts['scan_backends']) == [*NAMES, 'causal_conv1d']
    assert facts['scan_backends']['torch'] == 'ready'


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


@pytest.fixture
def reasons(monkeypatch):
    """A machine on which no kernel is installed."""
    found = {
        'triton': 'it needs a CUDA device, torch sees none',
        'mamba_ssm': 'mamba_ssm is installed without selective_scan_cuda: pip',
        'llvm': 'llvmlite does not work: pip install llvmlite',
        'torch': None,
    }
    monkeypatch.setattr(dispatch, 'available_backends', lambda: found)
    reason = 'the module causal_conv1d_cuda is not installed: pip'
    monkeypatch.setattr(causal_conv1d, 'unavailable', lambda: reason)
    return {**found, 'causal_conv1d': reason}


def test_kernels_that_a_cpu_lacks(reasons):
    hints = []
    states = check_env.find_scan_backends(['cpu'], hints)
    assert states == {k: v or 'ready' for k, v in reasons.items()}
    assert len(hints) == 1
    assert hints[0].startswith('llvm, ')
    assert hints[0].endswith('pip install llvmlite')


def test_kernels_that_a_gpu_lacks(reasons):
    hints = []
    check_env.find_scan_backends(['cpu', 'cuda:0 H100, 80 GiB'], hints)
    assert [h.split(',')[0] for h in hints] == [
        name for name, reason in reasons.items() if reason
    ]
    assert reasons['mamba_ssm'] in hints[1]


def test_kernels_without_the_package(monkeypatch):
    monkeypatch.delitem(check_env.sys.modules, 'multimodal_rs')
    assert check_env.find_scan_backends(['cpu'], []) == {}


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
