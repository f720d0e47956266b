"""Steps of every tool before it imports multimodal_rs."""

import importlib.util
import os
import sys
from pathlib import Path


def add_source_path() -> None:
    """Make multimodal_rs importable from a checkout that is not installed.

    Processes that are started later inherit it through PYTHONPATH.
    """
    if importlib.util.find_spec('multimodal_rs') is not None:
        return
    source = str(Path(__file__).resolve().parents[1] / 'projects')
    sys.path.insert(0, source)
    inherited = os.environ.get('PYTHONPATH')
    os.environ['PYTHONPATH'] = (
        source + os.pathsep + inherited if inherited else source
    )


def restrict_checkpoint_loading() -> None:
    """Never let a checkpoint file run code.

    A pickled checkpoint can hold any function call. With this variable torch
    refuses everything but tensors and plain data, wherever mmengine loads a
    file; without it, mmengine of the onedl stack falls back to unrestricted
    loading. Our own checkpoints hold nothing else (``PlainCheckpointHook``).

    ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`` opts out, for a file one trusts.
    """
    if 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD' not in os.environ:
        os.environ.setdefault('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
