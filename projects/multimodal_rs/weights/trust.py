"""Checkpoints that are read without running what they may hold.

A pickled checkpoint can hold any function call. torch leaves out everything
but tensors and plain data where it is told to, by an argument of
``torch.load`` or by a variable of the environment. mmengine of the onedl
stack asks for that, and reads the file again without it when that fails. The
variable cannot be overruled.
"""

import contextlib
import os
import pickle
import re
from collections.abc import Iterator

from mmengine.runner.checkpoint import CheckpointLoader

from multimodal_rs.utils.damage import DamagedFileError, reading

FORCED = 'TORCH_FORCE_WEIGHTS_ONLY_LOAD'
TRUSTED = 'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'
ON = ('1', 'y', 'yes', 'true')  # as torch reads both


def is_trusted() -> bool:
    """Whether the user has asked for files to be read with their code.

    ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1``, for a file whose author one
    trusts. Empty, ``0``, ``false``, ``no`` and anything else are a no.
    """
    return os.environ.get(TRUSTED, '').lower() in ON


def restrict_loading() -> None:
    """Let torch read weights only in this process and those it starts.

    Unless :func:`is_trusted`.
    """
    trusted = is_trusted()
    # torch refuses to read anything while both are on.
    os.environ.pop(FORCED if trusted else TRUSTED, None)
    if not trusted:
        os.environ[FORCED] = '1'


@contextlib.contextmanager
def restricted(checkpoint: str | os.PathLike) -> Iterator[None]:
    """Let torch read a file without its code, unless :func:`is_trusted`.

    Raises:
        pickle.UnpicklingError: With the file, if it holds more than tensors
            and plain data.
        DamagedFileError: With the file, if it cannot be read.
    """
    before = {name: os.environ.get(name) for name in (FORCED, TRUSTED)}
    restrict_loading()
    try:
        with reading(checkpoint, 'a checkpoint that torch has written'):
            yield
    except pickle.UnpicklingError as error:
        found = re.search(r'GLOBAL \S+', str(error))
        raise pickle.UnpicklingError(
            f'{os.fspath(checkpoint)}: expected tensors and plain data, found '
            f'{found[0] if found else "other objects"}, which could run any '
            'code: use another file, or, if you trust its author, set '
            f'{TRUSTED}=1'
        ) from error
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def load_weights(checkpoint: str) -> dict:
    """Read a checkpoint, on the CPU.

    Args:
        checkpoint: A file, a URL, or what else mmengine knows, such as
            ``torchvision://resnet50``.

    Raises:
        pickle.UnpicklingError: If it holds more than tensors and plain data.
        DamagedFileError: If it cannot be read, or holds no dict.
    """
    with restricted(checkpoint):
        content = CheckpointLoader.load_checkpoint(checkpoint, 'cpu')
    return require_dict(content, checkpoint)


def require_dict(content: object, checkpoint: str | os.PathLike) -> dict:
    """Return what a checkpoint holds, if it is a dict.

    Raises:
        DamagedFileError: With the file and what it holds, if it is not.
    """
    if not isinstance(content, dict):
        raise DamagedFileError(
            f'{os.fspath(checkpoint)} holds a {type(content).__name__}, '
            'expected a dict of weights with their names, as `state_dict()` '
            'of a network makes it: choose another file'
        )
    return content
