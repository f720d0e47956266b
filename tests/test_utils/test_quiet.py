"""Importing the package is quiet, and changes nothing of the program."""

import subprocess
import sys
import warnings

import pytest

from helpers import ROOT
from multimodal_rs._quiet import LINES, WARNINGS, quiet_imports
from tool_runs import make_environment


def test_known_lines_are_left_out_and_no_others(capsys):
    with quiet_imports():
        print('before')
        print(LINES[0])
        print(LINES[0], 'to no avail')
        print('no end', end='')
    print()
    print(LINES[0])
    assert capsys.readouterr().out == (
        f'before\n{LINES[0]} to no avail\nno end\n{LINES[0]}\n'
    )


def test_known_warnings_are_left_out_and_no_others():
    before = list(warnings.filters)
    with pytest.warns(UserWarning, match='something else') as found:
        with quiet_imports():
            warnings.warn(f'{WARNINGS[0]} from somewhere', stacklevel=1)
            warnings.warn('something else', stacklevel=1)
    assert len(found) == 1
    assert list(warnings.filters) == before


def test_the_package_is_imported_quietly():
    code = (
        'import sys, warnings, torch, mmengine, mmcv, rasterio, rich\n'
        'before, output = list(warnings.filters), sys.stdout\n'
        'hook = sys.excepthook\n'
        'import multimodal_rs\n'
        'new = [f for f in warnings.filters if f not in before]\n'
        'assert sys.stdout is output and sys.excepthook is hook\n'
        'assert not [f for f in new if f[0] == "ignore"], new\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=ROOT,
        env=make_environment(),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
