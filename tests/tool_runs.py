"""Run the tools as a user does, in processes of their own."""

import gc
import multiprocessing
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
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


def start_tool(
    script, *arguments, output, path=(), checkout=ROOT, **environment
):
    """Start a Python script likewise, without waiting for its imports.

    Args:
        script: Path from the root of the checkout.
        arguments: Of its command line.
        output: Name of the file that gets what it prints.
        path: Further folders to import from.
        checkout: Whose package it imports.
        environment: Variables besides those of all tools.

    Returns:
        The process.
    """
    folders = [str(Path(checkout) / 'projects'), *(str(p) for p in path)]
    words = [str(a) for a in arguments]
    environment = make_environment() | environment
    process = _FORKS.Process(
        target=_main,
        args=(str(Path(checkout) / script), words, folders, environment)
        + (str(output),),
    )
    process.start()
    return process


def run_tool(
    script, *arguments, check=True, path=(), checkout=ROOT, **environment
):
    """Run a Python script to its end, see :func:`start_tool`.

    Args:
        script: Path from the root of the checkout.
        arguments: Of its command line.
        check: Whether it has to succeed.
        path: Further folders to import from.
        checkout: Whose package it imports.
        environment: Variables besides those of all tools.

    Returns:
        ``returncode`` and ``output``, what it printed.
    """
    with tempfile.NamedTemporaryFile('r') as output:
        process = start_tool(
            *(script, *arguments),
            output=output.name,
            path=path,
            checkout=checkout,
            **environment,
        )
        process.join()
        text = output.read()
    if check:
        assert process.exitcode == 0, text
    return SimpleNamespace(returncode=process.exitcode, output=text)


def run_pair(script, *arguments):
    """Run a Python script as torchrun does, in two processes that talk."""
    place = dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=str(free_port()))
    with tempfile.NamedTemporaryFile('r') as output:
        pair = [
            start_tool(
                *(script, *arguments, '--launcher', 'pytorch'),
                output=output.name,
                RANK=str(rank),
                LOCAL_RANK=str(rank),
                WORLD_SIZE='2',
                **place,
            )
            for rank in range(2)
        ]
        for process in pair:
            process.join()
        assert [p.exitcode for p in pair] == [0, 0], output.read()


def _main(
    script: str,
    arguments: list[str],
    path: list[str],
    environment: dict[str, str],
    output: str,
) -> None:
    """Become ``python script arguments``; what it prints goes to a file."""
    with open(output, 'a') as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    os.chdir(ROOT)
    os.environ.update(environment)
    torch.set_num_threads(1)
    gc.freeze()  # as in conftest.py
    # Not what a test can import; the environment may lie in the checkout.
    outside = [
        p
        for p in sys.path
        if ROOT not in Path(p).resolve().parents
        or Path(sys.prefix).resolve() in Path(p).resolve().parents
    ]
    sys.path[:] = [str(Path(script).parent), *path, *outside]
    sys.argv[:] = [script, *arguments]
    # Python reads it when it starts, and this process was forked.
    if environment.get('PYTHONWARNINGS') == 'ignore':
        warnings.simplefilter('ignore')
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


def until(condition: Callable[[], object], seconds: float = 300) -> None:
    """Wait until something is the case."""
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, f'not within {seconds} seconds'
        time.sleep(0.01)


def gone(pid: int | str) -> bool:
    """Whether a process has ended, perhaps as a zombie nobody asked for."""
    try:
        text = Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return text.rpartition(')')[2].split()[0] == 'Z'


def free_port() -> int:
    with socket.socket() as server:
        server.bind(('127.0.0.1', 0))
        return server.getsockname()[1]


def weights(path):
    return torch.load(path, map_location='cpu', weights_only=True)


def newest(folder, name):
    return max(folder.rglob(name), key=os.path.getmtime)
