"""Steps of every tool before it imports multimodal_rs."""

import importlib.util
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType

SOURCE = Path(__file__).resolve().parents[1] / 'projects'
# What the frameworks warn of that nobody who runs a tool can change.
NOISE = (
    '``build_loss`` would be deprecated soon',
    'For binary segmentation, we suggest',
    'torch.meshgrid: in an upcoming release',
    '.*torch.jit.* is deprecated',
    '.*torch.cuda.amp.* is deprecated',
)


def _command_line() -> ModuleType:
    """Load the module that needs nothing installed, not its package."""
    path = SOURCE / 'multimodal_rs' / 'utils' / 'command_line.py'
    spec = importlib.util.spec_from_file_location('_command_line', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


command_line = _command_line()


def start(name: str) -> None:
    """Get a tool ready, before its imports.

    Makes multimodal_rs importable. If it is the tool that runs, mistakes of
    its user end in their message, it cleans up when it is told to end, and
    the noise of the frameworks is off.

    Args:
        name: ``__name__`` of the tool.
    """
    add_source_path()
    if name == '__main__':
        command_line.end_mistakes_in_their_message()
        command_line.end_cleanly()
    if name in ('__main__', '__mp_main__'):  # the second: of spawned workers
        for message in NOISE:
            warnings.filterwarnings('ignore', message=message)


def add_source_path() -> None:
    """Make multimodal_rs importable from a checkout that is not installed.

    Processes that are started later inherit it through PYTHONPATH.
    """
    if importlib.util.find_spec('multimodal_rs') is not None:
        return
    source = str(SOURCE)
    sys.path.insert(0, source)
    inherited = os.environ.get('PYTHONPATH')
    os.environ['PYTHONPATH'] = (
        source + os.pathsep + inherited if inherited else source
    )


def restrict_checkpoint_loading() -> None:
    """Never let a checkpoint file run code.

    ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1`` opts out, for a file one trusts.
    """
    from multimodal_rs.weights.trust import restrict_loading

    restrict_loading()
