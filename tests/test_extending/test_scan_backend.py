"""Adding a scan backend: creates N = 1 file, edits M = 0 files.

That is enough to run it by name. For ``auto`` to pick it, M = 1: the line
``AUTO`` in ``ops/dispatch.py``. Done in a copy of the package.
"""

import shutil

import pytest

from helpers import ROOT
from tool_runs import run_tool

BACKEND = '''
"""The definition under another name."""

from multimodal_rs.ops.backend import Backend
from multimodal_rs.ops.backends.reference import BACKEND as FORWARDS

calls = []


class Noted(Backend):
    """The definition, with a note of every call."""

    def selective_scan_forward(self, *arguments):
        calls.append(arguments[0].shape)
        return FORWARDS.selective_scan_forward(*arguments)

    def selective_scan_backward(self, *arguments):
        return FORWARDS.selective_scan_backward(*arguments)


BACKEND = Noted()
'''
CHECK = """
import sys
from pathlib import Path

import multimodal_rs
from multimodal_rs.ops import CROSS4, available_backends, selective_scan, ss2d
from scan_cases import (
    assert_close, exact_scan, exact_ss2d, on, results, runnable_backends,
    scan_arguments, ss2d_arguments,
)

asked, copy = sys.argv[1:]
assert Path(multimodal_rs.__file__).is_relative_to(copy)
assert available_backends()['noted'] is None
assert 'noted' in runnable_backends()  # which all tests of ops go over

arguments = scan_arguments(2, 2, 3, 4, 9)
maps = dict(ss2d_arguments(1, 2, (3, 4), 5, 3, 2, CROSS4), routes=CROSS4)
found = results(selective_scan, dict(arguments, backend=asked))
assert_close(found, exact_scan(arguments))
found = results(ss2d, dict(maps, backend=asked))
assert_close(found, exact_ss2d(maps))

from multimodal_rs.ops.backends.noted import calls
# once for the sequences, for each of four routes once, and again backwards
assert len(calls) == 1 + 4 + 4, calls
"""


@pytest.fixture
def copy(tmp_path):
    """A copy of the package, with the new file in it."""
    folder = tmp_path / 'checkout' / 'projects'
    ignored = shutil.ignore_patterns('__pycache__')
    shutil.copytree(
        ROOT / 'projects/multimodal_rs',
        folder / 'multimodal_rs',
        ignore=ignored,
    )
    path = folder / 'multimodal_rs/ops/backends/noted.py'
    path.write_text(BACKEND)
    return folder.parent


def check(copy, asked):
    (copy / 'check.py').write_text(CHECK)
    run_tool(*('check.py', asked, copy), path=[ROOT / 'tests'], checkout=copy)


def test_by_name(copy):
    """One file created, none edited: it runs where it is named."""
    check(copy, 'noted')


def test_by_auto(copy):
    """One line edited: ``auto`` takes it before the others."""
    path = copy / 'projects/multimodal_rs/ops/dispatch.py'
    before = path.read_text()
    after = before.replace("AUTO = ('triton',", "AUTO = ('noted', 'triton',")
    changed = [
        line
        for line, other in zip(
            before.splitlines(), after.splitlines(), strict=True
        )
        if line != other
    ]
    assert len(changed) == 1
    path.write_text(after)
    check(copy, 'auto')
