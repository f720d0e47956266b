"""Run the tools as a user does, in processes of their own."""

import multiprocessing
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from filelock import FileLock

from helpers import ROOT

# A server that has imported what all tools import, and forks for each run:
# the imports take longer than most runs.
_FORKS = multiprocessing.get_context('forkserver')
_FORKS.set_forkserver_preload(['mmengine.runner', 'mmseg.apis', 'rasterio'])


def run(*command, check=True, **environment):
    """Run a command from the repository root, one thread, no GPU."""
    result = subprocess.run(
        [str(c) for c in command],
        cwd=ROOT,
        env=make_environment() | environment,
        text=True,
        capture_output=True,
    )
    if check:
        assert result.returncode == 0, result.stdout + result.stderr
    return result


def run_tool(script, *arguments, check=True, path=()):
    """Run a Python script likewise, without waiting for its imports.

    Args:
        script: Path from the repository root.
        arguments: Of its command line.
        check: Whether it has to succeed.
        path: Further folders to import from.

    Returns:
        ``returncode`` and ``output``, what it printed.
    """
    with tempfile.NamedTemporaryFile('r') as output:
        words = [[str(a) for a in arguments], [str(p) for p in path]]
        process = _FORKS.Process(
            target=_main, args=(str(ROOT / script), *words, output.name)
        )
        process.start()
        process.join()
        text = output.read()
    if check:
        assert process.exitcode == 0, text
    return SimpleNamespace(returncode=process.exitcode, output=text)


def _main(
    script: str, arguments: list[str], path: list[str], output: str
) -> None:
    """Become ``python script arguments``; what it prints goes to a file."""
    with open(output, 'a') as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(ROOT)
    os.environ.update(make_environment())
    torch.set_num_threads(1)
    # Not what a test can import; the environment may lie in the checkout.
    outside = [
        p
        for p in sys.path
        if ROOT not in Path(p).resolve().parents
        or Path(sys.prefix).resolve() in Path(p).resolve().parents
    ]
    folders = [str(Path(script).parent), str(ROOT / 'projects'), *path]
    sys.path[:] = [*folders, *outside]
    sys.argv[:] = [script, *arguments]
    runpy.run_path(script, run_name='__main__')


def make_environment():
    return os.environ | dict(
        OMP_NUM_THREADS='1',
        OMP_WAIT_POLICY='passive',
        CUDA_VISIBLE_DEVICES='',
        PYTHONPATH=str(ROOT / 'projects'),
        PATH=f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
    )


def once(factory, name: str, make: Callable[[Path], None]) -> Path:
    """Let the first of all processes of a test run make a folder.

    Args:
        factory: pytest's ``tmp_path_factory``.
        name: Of the folder.
        make: Fills the empty folder that it is given.

    Returns:
        The folder; the others wait until it is complete.
    """
    root = factory.getbasetemp()
    if 'PYTEST_XDIST_WORKER' in os.environ:
        root = root.parent  # of the folders of all workers
    folder = root / f'once-{name}'
    complete = root / f'once-{name}.complete'
    with FileLock(root / f'once-{name}.lock'):
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            complete.touch()
    return folder


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def weights(path):
    return torch.load(path, map_location='cpu', weights_only=True)


def newest(folder, name):
    return max(folder.rglob(name), key=os.path.getmtime)
