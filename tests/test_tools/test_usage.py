"""Commands in other folders say their usage, the package not installed."""

import sys
import sysconfig

import pytest

from helpers import ROOT
from tool_runs import run

FOLDERS = ('tools/analysis_tools', 'benchmarks')
# One process loads what takes long, a fork of it is one command.
PROGRAM = """
import os, runpy, sys

import mmseg.apis
import rasterio
import torch

assert 'multimodal_rs' not in sys.modules
for script in sys.argv[1:]:
    if os.fork() == 0:
        sys.argv[:] = [script, '--help']
        sys.path[0] = os.path.dirname(script)
        runpy.run_path(script, run_name='__main__')
        os._exit(3)  # which --help does not let it reach
    status = os.waitstatus_to_exitcode(os.wait()[1])
    if status:
        sys.exit(f'{script} ended with {status}')
"""


@pytest.mark.slow
def test_usage_without_installing():
    scripts = [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).glob('[!_]*.py'))
    ]
    assert len(scripts) >= 7
    # Without site no .pth file is read, which an editable install is.
    packages = sysconfig.get_path('purelib')
    done = run(
        *(sys.executable, '-S', '-W', 'ignore', '-c', PROGRAM, *scripts),
        PYTHONPATH=packages,
    )
    for path in scripts:
        assert f'usage: {path.name} ' in done.stdout, path
