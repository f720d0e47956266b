"""One thread, fixed seeds, mmseg's scope, quiet libraries."""

import gc
import logging

import numpy as np
import pytest
import torch

from other_encoders import declare_missing_operators

declare_missing_operators()

from mmengine.registry import DefaultScope  # noqa: E402

from tool_runs import once, run_tool  # noqa: E402

torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    # Tools that train take longest; last, they would leave one process of a
    # parallel run alone with them.
    items.sort(key=lambda item: 'test_tools' not in item.path.parts)


def pytest_collection_finish():
    # mmengine collects garbage whenever a dataset is built; without this, it
    # would go through all that has been imported, a fifth of a second.
    gc.freeze()


@pytest.fixture(autouse=True)
def _reproducible():
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True, scope='session')
def _scope():
    import multimodal_rs  # noqa: F401

    logging.getLogger('mmengine').setLevel(logging.WARNING)
    if DefaultScope.get_current_instance() is None:
        DefaultScope.get_instance('tests', scope_name='mmseg')


@pytest.fixture(scope='session')
def simulated(tmp_path_factory):
    """Eighteen simulated patches, twelve of them for training, and a scene."""

    def make(folder):
        size = ('--patches', 18, '--size', 64, '--scene', 256, 272)
        run_tool('data_prep/simulate.py', folder, *size)

    return once(tmp_path_factory, 'simulated', make)
