"""Run the tools as a user does, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import torch

from helpers import ROOT


def run(*command, check=True, **environment):
    """Run a tool from the repository root, one thread, no GPU."""
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


def make_environment():
    return os.environ | dict(
        OMP_NUM_THREADS='1',
        OMP_WAIT_POLICY='passive',
        CUDA_VISIBLE_DEVICES='',
        PYTHONPATH=str(ROOT / 'projects'),
        PATH=f'{Path(sys.executable).parent}:{os.environ["PATH"]}',
    )


def weights(path):
    return torch.load(path, map_location='cpu', weights_only=True)


def newest(folder, name):
    return max(folder.rglob(name), key=os.path.getmtime)
