"""Data that several tools are tried on."""

import pytest

from tool_runs import once, run_tool


@pytest.fixture(scope='session')
def simulated(tmp_path_factory):
    """Eighteen simulated patches, twelve of them for training, and a scene."""

    def make(folder):
        size = ('--patches', 18, '--size', 64, '--scene', 256, 272)
        run_tool('data_prep/simulate.py', folder, *size)

    return once(tmp_path_factory, 'simulated', make)
