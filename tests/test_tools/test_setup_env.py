"""Which interpreter's packages `make demo` and `make test` use."""

import json
import re
import sys

import pytest

import setup_env


@pytest.fixture
def site(tmp_path):
    """Makes a site-packages folder with fake distributions."""

    def make(torch_facts=None, distributions=()):
        distributions = dict.fromkeys(distributions, '1.0')
        if torch_facts is not None:
            (tmp_path / 'torch').mkdir()
            (tmp_path / 'torch' / 'version.py').write_text(torch_facts)
            # The build suffix is not part of what pip knows it by.
            found = re.search(r"__version__ = '([\d.]+)", torch_facts)
            distributions['torch'] = found[1]
        for name, version in distributions.items():
            folder = tmp_path / f'{name}-{version}.dist-info'
            folder.mkdir()
            (folder / 'METADATA').write_text(
                f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
            )
        return str(tmp_path)

    return make


def facts(version, cuda=None, hip=None):
    return f'__version__ = {version!r}\ncuda = {cuda!r}\nhip = {hip!r}\n'


STACK = ('mmengine', 'mmcv', 'mmsegmentation')


@pytest.mark.parametrize(
    ('torch_facts', 'distributions', 'expected'),
    [
        (None, (), ('onedl', False)),
        (facts('2.13.0+cpu'), (), ('onedl', False)),
        (facts('2.13.0+cpu'), STACK, ('onedl', False)),
        (facts('2.5.1+cu121', cuda='12.1'), (), ('onedl', True)),
        (facts('2.5.1+rocm6.2', hip='6.2'), (), ('onedl', True)),
        (facts('2.1.0+cu118', cuda='11.8'), STACK, ('openmmlab', True)),
        (facts('2.1.0+cu118', cuda='11.8'), STACK[:2], ('onedl', False)),
        (facts('1.13.1+cu117', cuda='11.7'), STACK, ('onedl', False)),
    ],
)
def test_choose(site, torch_facts, distributions, expected):
    folder = site(torch_facts, distributions)
    torch = setup_env.find_gpu_torch(folder)
    assert setup_env.choose(torch) == expected
    if torch is not None:
        assert torch['folder'] == folder
        assert '+' not in torch['version']


ONEDL = ('onedl-mmengine', 'onedl-mmcv', 'onedl-mmsegmentation')


@pytest.mark.parametrize(
    ('torch_facts', 'distributions', 'reuse'),
    [
        (None, (), False),
        (facts('2.13.0+cpu'), (), False),
        (facts('2.1.0+cu118', cuda='11.8'), STACK, True),
        (facts('2.1.0+cu118', cuda='11.8'), STACK[:1], True),
        (facts('2.5.1+cu121', cuda='12.1'), ONEDL, False),
        (facts('2.0.1+cu117', cuda='11.7'), STACK, False),
    ],
)
def test_the_original_stack_can_be_asked_for(
    site, torch_facts, distributions, reuse
):
    torch = setup_env.find_gpu_torch(site(torch_facts, distributions))
    assert setup_env.choose(torch, 'openmmlab') == ('openmmlab', reuse)


def test_wheel_of_the_original_stack(tmp_path, monkeypatch):
    commands = []

    def run(command, what, hint=''):
        commands.append((command, hint))

    monkeypatch.setattr(setup_env, 'run', run)
    setup_env.install(tmp_path, 'openmmlab', None, 'somewhere/mmcv.whl')
    command, hint = commands[0]
    assert 'MMCV_WHEEL=' in hint
    where = command.index('--find-links')
    assert command[where + 1] == 'somewhere/mmcv.whl'
    assert command[command.index('--only-binary') + 1] == 'mmcv'
    assert str(setup_env.ROOT / 'requirements/openmmlab.txt') in command
    assert str(setup_env.ROOT / 'requirements/onedl.txt') not in command
    setup_env.install(tmp_path, 'onedl', None)
    command, hint = commands[2]
    assert 'mmcv' not in command and not hint


def test_refusing_an_old_torch_is_said(site, capsys):
    torch = setup_env.find_gpu_torch(site(facts('2.0.1', cuda='11.7')))
    setup_env.choose(torch)
    assert '2.0.1' in capsys.readouterr().out


def test_environment_is_made_once(tmp_path, monkeypatch):
    made = []

    def create(venv):
        made.append(venv)
        (venv / 'bin').mkdir(parents=True, exist_ok=True)
        (venv / 'bin' / 'python').touch()

    monkeypatch.setattr(setup_env, 'create', create)
    monkeypatch.setattr(setup_env, 'install', lambda *_: None)
    venv = tmp_path / 'venv'
    argv = ['setup_env.py', '--venv', str(venv)]
    monkeypatch.setattr(sys, 'argv', argv)
    setup_env.main()
    setup_env.main()
    assert made == [venv]

    # Other requirements, or another interpreter that was asked for.
    monkeypatch.setattr(setup_env, 'fingerprint', lambda: 'changed')
    setup_env.main()
    setup_env.main()
    assert len(made) == 2
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'other'))
    setup_env.main()
    assert len(made) == 2
    monkeypatch.setattr(sys, 'argv', [*argv, '--chosen'])
    setup_env.main()
    assert len(made) == 3

    # The other stack, which it has not.
    monkeypatch.setattr(sys, 'argv', [*argv, '--stack', 'openmmlab'])
    setup_env.main()
    setup_env.main()
    assert len(made) == 4


def test_environment_does_not_replace_itself(tmp_path, monkeypatch):
    stamp = {
        'fingerprint': setup_env.fingerprint(),
        'interpreter': '/some/python',
        'executable': '/some/python/bin/python3',
    }
    (tmp_path / setup_env.STAMP).write_text(json.dumps(stamp))
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'python').touch()
    argv = ['setup_env.py', '--chosen', '--venv', str(tmp_path)]
    monkeypatch.setattr(sys, 'argv', argv)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    started = []

    def execv(program, arguments):
        started.append((program, arguments))
        raise SystemExit

    monkeypatch.setattr(setup_env.os, 'execv', execv)
    setup_env.main()
    assert not started
    monkeypatch.setattr(setup_env, 'fingerprint', lambda: 'changed')
    with pytest.raises(SystemExit):
        setup_env.main()
    maker = stamp['executable']
    assert started == [(maker, [maker, *argv])]


def test_broken_installation_is_retried(tmp_path, monkeypatch):
    def fail(*_):
        raise SystemExit('no index')

    monkeypatch.setattr(setup_env, 'create', lambda venv: venv.mkdir())
    monkeypatch.setattr(setup_env, 'install', fail)
    venv = tmp_path / 'venv'
    monkeypatch.setattr(sys, 'argv', ['setup_env.py', '--venv', str(venv)])
    with pytest.raises(SystemExit, match='no index'):
        setup_env.main()
    assert not setup_env.is_current(venv, chosen=False)


def test_other_folder_is_not_deleted(tmp_path):
    (tmp_path / 'thesis.tex').touch()
    with pytest.raises(SystemExit, match='no virtual environment'):
        setup_env.create(tmp_path)
    assert (tmp_path / 'thesis.tex').exists()


@pytest.mark.parametrize('stamp', ['[]', '{}', '{"stack": "onedl"}', '{'])
def test_another_stamp_is_not_ours(tmp_path, stamp):
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'python').touch()
    (tmp_path / setup_env.STAMP).write_text(stamp)
    assert not setup_env.is_current(tmp_path, chosen=True)
