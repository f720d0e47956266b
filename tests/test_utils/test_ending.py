"""A command that is told to end, or whose parent has ended, cleans up."""

import os
import signal
import subprocess
import sys

import pytest

from helpers import ROOT
from tool_runs import gone, until

# Both are started without the package: this module needs only Python.
START = """
import importlib.util, os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # as at a terminal
spec = importlib.util.spec_from_file_location('command_line', {module!r})
command_line = importlib.util.module_from_spec(spec)
spec.loader.exec_module(command_line)
command_line.end_cleanly()
folder = {folder!r}
"""
# Writes its id into a file that is there as long as it cleans up.
CHILD = """
try:
    with open(folder + '/.new', 'w') as file:
        file.write(str(os.getpid()))
    os.rename(folder + '/.new', folder + '/child')
    print('working', flush=True)
    time.sleep(600)
finally:
    os.remove(folder + '/child')
"""
PARENT = """
words = [sys.executable, folder + '/child.py']
try:
    code = command_line.call(words, lambda line: print(line.decode()))
finally:
    open(folder + '/cleaned', 'w').close()
"""


@pytest.fixture
def parent(tmp_path):
    """A command that has started another one, which is at work."""
    module = ROOT / 'projects/multimodal_rs/utils/command_line.py'
    start = START.format(module=str(module), folder=str(tmp_path))
    (tmp_path / 'child.py').write_text(start + CHILD)
    process = subprocess.Popen(
        [sys.executable, '-c', start + PARENT],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of their own, as at a terminal
    )
    until((tmp_path / 'child').exists)
    yield process
    process.kill()
    process.communicate()


def test_told_to_end(tmp_path, parent):
    child = int((tmp_path / 'child').read_text())
    parent.send_signal(signal.SIGTERM)
    _, errors = parent.communicate(timeout=60)
    assert parent.returncode == 143
    assert errors == ''  # no stack
    assert gone(child)
    assert (tmp_path / 'cleaned').exists()
    assert not (tmp_path / 'child').exists()


def test_killed(tmp_path, parent):
    """Nothing of the parent runs any more: the child sees it by itself."""
    child = int((tmp_path / 'child').read_text())
    parent.kill()
    parent.wait()
    until(lambda: not (tmp_path / 'child').exists())
    assert not (tmp_path / 'cleaned').exists()
    until(lambda: gone(child))


def test_interrupted(tmp_path, parent):
    """Ctrl-C reaches both; the child is not told twice."""
    child = int((tmp_path / 'child').read_text())
    os.killpg(parent.pid, signal.SIGINT)
    parent.communicate(timeout=60)
    assert parent.returncode == -signal.SIGINT
    assert gone(child)
    assert (tmp_path / 'cleaned').exists()
    assert not (tmp_path / 'child').exists()
