#!/usr/bin/env python3
"""Virtual environment that `make demo` and `make test` run in.

    PYTHON tools/setup_env.py [--venv .venv] [--chosen]
    PYTHON tools/setup_env.py --stack openmmlab --mmcv WHEEL --venv FOLDER

Without a GPU build of torch in the calling interpreter, the environment gets
the tested set of requirements/constraints.txt. With one, that torch (and the
OpenMMLab stack beside it, if it is complete) is used from where it is, and
only what is missing is installed. Nothing is done when an environment for the
same requirement files is there already.

`--stack openmmlab` takes the original packages instead of the maintained
ones, also where there is no GPU: `make test-openmmlab` tests on them.
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
# requirements/onedl.txt and runtime.txt
OLDEST_TORCH = {'onedl': (2, 3), 'openmmlab': (2, 1)}
ORIGINALS = {'mmengine', 'mmcv', 'mmsegmentation'}

MMCV_HINT = """\
The original stack needs a ready-made wheel of mmcv 2.1 with compiled
operators that fits Python and torch (the index has its source only):
    make test-openmmlab MMCV_WHEEL=...
with the wheel, a folder that holds it, or a page of mmcv's download site.
"""


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


def choose(torch, wanted=None):
    """Decide what to install.

    Args:
        torch: What :func:`find_gpu_torch` returned.
        wanted: Name of a stack; None takes the one that is there, or onedl.

    Returns:
        (stack, reuse): name of the stack's requirement file, and whether the
        packages beside ``torch`` are used.
    """
    if torch is None:
        return wanted or 'onedl', False
    version = version_tuple(torch['version'])
    beside = set(installed(torch['folder']))
    stack = wanted or ('openmmlab' if ORIGINALS <= beside else 'onedl')
    oldest = OLDEST_TORCH[stack]
    # Both stacks in one environment would hide each other's files.
    other = stack == 'openmmlab' and any(
        n.startswith('onedl-') for n in beside
    )
    if version >= oldest and not other:
        return stack, True
    say(
        f'torch {torch["version"]} in {torch["folder"]} cannot be used: the '
        f'{stack} stack needs torch {".".join(map(str, oldest))} or later '
        'and not the other stack beside it. Installing a torch of its own'
    )
    return wanted or 'onedl', False


def fingerprint():
    """Return a digest of everything the environment is made from."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def is_current(venv, chosen, wanted=None):
    """Whether ``venv`` was completed from these files and interpreter.

    Args:
        venv: Folder of the environment.
        chosen: The user named an interpreter, so it has to be the same one.
        wanted: The stack the user named, if any.
    """
    try:
        stamp = json.loads((venv / STAMP).read_text())
    except (OSError, ValueError):
        return False
    if not isinstance(stamp, dict):  # something else wrote it
        return False
    if not (venv / 'bin' / 'python').exists():
        return False
    if chosen and stamp.get('interpreter') != sys.prefix:
        return False
    if wanted and stamp.get('stack') != wanted:
        return False
    return stamp.get('fingerprint') == fingerprint()


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


def install(venv, stack, torch, mmcv=None):
    """Install the requirements.

    Args:
        venv: Folder of the environment.
        stack: 'onedl' or 'openmmlab'.
        torch: A GPU build to use, or None for the pinned set.
        mmcv: A wheel of mmcv, or a folder or page that has one.
    """
    python = str(venv / 'bin' / 'python')
    constraints = write_constraints(venv, torch)
    pip = [python, '-m', 'pip', 'install', '--disable-pip-version-check']
    command = [*pip, '--quiet', '--constraint', str(constraints)]
    for name in (stack, 'runtime', 'tests'):
        command += ['--requirement', str(ROOT / f'requirements/{name}.txt')]
    hint = ''
    if stack == 'openmmlab':
        hint = MMCV_HINT
        # Built from its source, mmcv has no operators, or takes half an hour.
        command += ['--only-binary', 'mmcv']
        command += ['--find-links', mmcv] if mmcv else []
    run(command, 'the packages in requirements/ (a minute or more)', hint)
    # --no-build-isolation: the setuptools just installed builds the project,
    # so that nothing else is asked from the index.
    run(
        [*pip, '--quiet', '--no-deps', '--no-build-isolation']
        + ['--editable', str(ROOT)],
        'multimodal_rs itself, editable',
    )


def write_constraints(venv, torch):
    """Return the file with the versions to install.

    Args:
        venv: Folder of the environment; it is told where ``torch`` is.
        torch: A GPU build to use, or None for the pinned set.
    """
    constraints = ROOT / 'requirements' / 'constraints.txt'
    kept = None
    if torch is not None:
        # A .pth file, because --system-site-packages does not reach into
        # an interpreter that is itself a virtual environment.
        say(f'using torch {torch["version"]} from {torch["folder"]}')
        ask = 'import sysconfig; print(sysconfig.get_path("purelib"))'
        python = str(venv / 'bin' / 'python')
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
    return constraints


def run(command, what, hint=''):
    say(f'installing {what}')
    done = subprocess.run(command, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise SystemExit(
            f'[setup] installing {what} failed; the command was\n'
            f'    {" ".join(command)}\n'
            f'{hint}Nothing is marked as done: run make again to retry.'
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
    parser.add_argument(
        '--stack',
        choices=['openmmlab'],
        help='the original packages; default: those beside a GPU build of '
        'torch, if they are complete, else the maintained ones',
    )
    parser.add_argument(
        '--mmcv',
        metavar='WHEEL',
        help='for the original packages: a wheel of mmcv, or a folder or '
        'page that has one',
    )
    args = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        raise SystemExit(
            f'{sys.executable} is Python {sys.version.split()[0]}, 3.10 or '
            'later is needed: make PYTHON=/path/to/python ...'
        )
    venv = args.venv.absolute()
    if is_current(venv, args.chosen and not is_running(venv), args.stack):
        return
    if is_running(venv):
        leave(venv)
    torch = find_gpu_torch()
    stack, reuse = choose(torch, args.stack)
    create(venv)
    install(venv, stack, torch if reuse else None, args.mmcv)
    stamp = {
        'fingerprint': fingerprint(),
        'stack': stack,
        'interpreter': sys.prefix,
        'executable': sys.executable,
    }
    (venv / STAMP).write_text(json.dumps(stamp, indent=2) + '\n')
    say(f'{venv} is ready')


if __name__ == '__main__':
    main()
