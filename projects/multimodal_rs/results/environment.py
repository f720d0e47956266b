"""Environment of a run: on what, with what and from which commit it runs."""

import os
import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import torch

PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmseg', 'multimodal_rs')
MEBI = 2**20


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that count."""
    found = {'python': platform.python_version()}
    for name in PACKAGES:
        found[name] = import_module(name).__version__
    return found


def device_name() -> str:
    """Name the GPU, or the processor and its number of cores."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'{os.cpu_count()} CPU cores ({_processor()})'


def reset_peak_memory() -> None:
    """Start measuring the memory of a GPU anew; a process cannot forget."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> tuple[float, str] | tuple[None, None]:
    """Measure the most memory that was in use.

    Returns:
        MiB, and whose: ``'cuda'``, the tensors on the GPU of this process, or
        ``'process'``, the resident memory of the process (with the libraries,
        without workers of the data loader). None for both on Windows without
        a GPU, where Python does not know it.
    """
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / MEBI, 'cuda'
    if sys.platform == 'win32':
        return None, None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Bytes on macOS, KiB elsewhere.
    unit = 1 if sys.platform == 'darwin' else 1024
    return peak * unit / MEBI, 'process'


def commit(folder: str | os.PathLike) -> str:
    """Name the commit of a checkout, and say if files differ from it.

    Args:
        folder: Any folder of the checkout.

    Returns:
        ``'1a2b3c4'``, ``'1a2b3c4 with changes'``, or ``'unknown'`` where
        there is no git repository, or no program ``git``.
    """
    name = _git(folder, 'rev-parse', '--short', 'HEAD')
    changed = _git(folder, 'status', '--porcelain', '--untracked-files=no')
    return (name or 'unknown') + (' with changes' if changed else '')


def _git(folder: str | os.PathLike, *command: str) -> str:
    try:
        result = subprocess.run(
            ['git', *command], capture_output=True, text=True, cwd=folder
        )
    except OSError:  # the program is not installed
        return ''
    return result.stdout.strip() if result.returncode == 0 else ''


def _processor() -> str:
    info = Path('/proc/cpuinfo')
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith('model name'):
                return line.partition(':')[2].strip()
    return platform.processor() or platform.machine()
