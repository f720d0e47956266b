#!/usr/bin/env python3
"""Create the virtual environment that `make demo` and `make test` run in.

    PYTHON tools/setup_env.py [--venv .venv] [--chosen]

Without a GPU build of torch in the calling interpreter, the environment gets
the tested set of requirements/constraints.txt. With one, that torch (and the
OpenMMLab stack beside it, if it is complete) is used from where it is, and
only what is missing is installed. Nothing is done when an environment for the
same requirement files is there already.
"""

import argparse
import contextlib
import hashlib
import json
import os
import runpy
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAMP = 'multimodal-rs.json'  # written last: without it the set-up is redone
SOURCES = (
    'requirements/constraints.txt',
    'requirements/onedl.txt',
    'requirements/openmmlab.txt',
    'requirements/runtime.txt',
    'requirements/tests.txt',
    'tools/setup_env.py',
)
OLDEST_PYTHON = (3, 10)
PINNED_PYTHON = (3, 11)  # the pinned numpy and scipy have no older wheels
OLDEST_TORCH = (2, 1)  # requirements/runtime.txt
NUMPY2_TORCH = (2, 3)  # requirements/onedl.txt


def say(text):
    print(f'[setup] {text}', flush=True)


def version_tuple(version):
    """Return the (major, minor) of a version such as '2.5.1+cu121'."""
    major, minor = version.split('+')[0].split('.')[:2]
    return int(major), int(minor)


def find_gpu_torch(folder=None):
    """Find a CUDA or ROCm build of torch without importing it.

    Args:
        folder: site-packages folder to look in; None asks the interpreter.

    Returns:
        {'version': '2.5.1', 'folder': site-packages}, with the version that
        pip knows it by, or None if torch is missing or a CPU build.
    """
    folders = [folder] if folder else sys.path
    for entry in folders:
        facts = Path(entry, 'torch', 'version.py')
        if facts.is_file():
            values = runpy.run_path(str(facts))
            version = installed(entry).get('torch')
            if version and (values.get('cuda') or values.get('hip')):
                return {'version': version, 'folder': str(entry)}
            return None
    return None


def installed(folder):
    """Return distribution -> version of what ``folder`` holds."""
    return {
        str(found.metadata['Name']).lower(): found.version
        for found in metadata.distributions(path=[folder])
    }


def choose(torch):
    """Decide what to install.

    Args:
        torch: What :func:`find_gpu_torch` returned.

    Returns:
        (stack, reuse): name of the stack's requirement file, and whether the
        packages beside ``torch`` are used.
    """
    if torch is None:
        return 'onedl', False
    version = version_tuple(torch['version'])
    stack = ('mmengine', 'mmcv', 'mmsegmentation')
    complete = set(stack) <= set(installed(torch['folder']))
    if version >= OLDEST_TORCH and complete:
        return 'openmmlab', True
    if version >= NUMPY2_TORCH:
        return 'onedl', True
    say(
        f'torch {torch["version"]} in {torch["folder"]} cannot be used: the '
        'onedl stack needs 2.3 or later, and the original stack is not '
        'complete there. Installing a torch of its own'
    )
    return 'onedl', False


def fingerprint():
    """Return a digest of everything the environment is made from."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(venv, chosen):
    """Whether ``venv`` was completed from these files and interpreter.

    Args:
        venv: Folder of the environment.
        chosen: The user named an interpreter, so it has to be the same one.
    """
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return False
    if not (venv / 'bin' / 'python').exists():
        return False
    if chosen and stamp['interpreter'] != sys.prefix:
        return False
    return stamp['fingerprint'] == fingerprint()


def create(venv):
    """Create an empty environment, in place of an older one."""
    if venv.exists() and not (venv / 'pyvenv.cfg').is_file():
        raise SystemExit(
            f'{venv} exists and is no virtual environment: name another '
            'folder with `make VENV=...`'
        )
    shutil.rmtree(venv, ignore_errors=True)
    say(f'creating {venv} with {sys.executable} ({sys.version.split()[0]})')
    done = subprocess.run([sys.executable, '-m', 'venv', str(venv)])
    if done.returncode:
        raise SystemExit(
            f'{sys.executable} -m venv failed. On Debian and Ubuntu: '
            f'apt install python3-venv; or name another interpreter with '
            '`make PYTHON=...`'
        )


def install(venv, stack, torch):
    """Install the requirements.

    Args:
        venv: Folder of the environment.
        stack: 'onedl' or 'openmmlab'.
        torch: A GPU build to use, or None for the pinned set.
    """
    python = str(venv / 'bin' / 'python')
    constraints = ROOT / 'requirements' / 'constraints.txt'
    kept = None
    if torch is not None:
        # A .pth file, because --system-site-packages does not reach into
        # an interpreter that is itself a virtual environment.
        say(f'using torch {torch["version"]} from {torch["folder"]}')
        ask = 'import sysconfig; print(sysconfig.get_path("purelib"))'
        site = subprocess.check_output([python, '-c', ask], text=True).strip()
        Path(site, 'packages_beside_torch.pth').write_text(
            torch['folder'] + '\n'
        )
        kept = ('ruff==',)
    elif sys.version_info < PINNED_PYTHON:
        say('the pinned set needs Python 3.11: installing newest versions')
        kept = ('ruff==', 'torch==', 'onedl-')
    if kept is not None:
        lines = constraints.read_text().splitlines()
        pins = [line for line in lines if line.startswith(kept)]
        if torch is not None:
            pins.append(f'torch=={torch["version"]}')
        constraints = venv / 'constraints.txt'
        constraints.write_text('\n'.join(pins) + '\n')
    pip = [python, '-m', 'pip', 'install', '--disable-pip-version-check']
    command = [*pip, '--quiet', '--constraint', str(constraints)]
    for name in (stack, 'runtime', 'tests'):
        command += ['--requirement', str(ROOT / f'requirements/{name}.txt')]
    run(command, 'the packages in requirements/ (a minute or more)')
    # --no-build-isolation: the setuptools just installed builds the project,
    # so that nothing else is asked from the index.
    run(
        [*pip, '--quiet', '--no-deps', '--no-build-isolation']
        + ['--editable', str(ROOT)],
        'multimodal_rs itself, editable',
    )


def run(command, what):
    say(f'installing {what}')
    done = subprocess.run(command, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(
            f'[setup] installing {what} failed; the command was\n'
            f'    {" ".join(command)}\n'
            'Nothing is marked as done: run make again to retry.'
        )


def is_running(venv):
    """Whether the running interpreter is the one in ``venv``."""
    return Path(sys.prefix).resolve() == venv.resolve()


def leave(venv):
    """Run again with the interpreter that made ``venv``, to replace it."""
    base = f'python{sys.version_info[0]}.{sys.version_info[1]}'
    maker = str(Path(sys.base_prefix, 'bin', base))
    with contextlib.suppress(OSError, ValueError, KeyError):
        maker = json.loads((venv / STAMP).read_text())['executable']
    os.execv(maker, [maker, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('--venv', type=Path, default=ROOT / '.venv')
    parser.add_argument(
        '--chosen',
        action='store_true',
        help='rebuild an environment that another interpreter made',
    )
    args = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit(
            f'{sys.executable} is Python {sys.version.split()[0]}, 3.10 or '
            'later is needed: make PYTHON=/path/to/python ...'
        )
    venv = args.venv.absolute()
    if is_current(venv, args.chosen and not is_running(venv)):
        return
    if is_running(venv):
        leave(venv)
    torch = find_gpu_torch()
    stack, reuse = choose(torch)
    create(venv)
    install(venv, stack, torch if reuse else None)
    stamp = {
        'fingerprint': fingerprint(),
        'interpreter': sys.prefix,
        'executable': sys.executable,
    }
    (venv / STAMP).write_text(json.dumps(stamp, indent=2) + '\n')
    say(f'{venv} is ready')


if __name__ == '__main__':
    main()
