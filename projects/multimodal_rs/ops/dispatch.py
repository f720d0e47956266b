"""Dispatch: which backend runs, decided per call, from the tensors."""

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import torch
from mmengine.logging import print_log
from torch import Tensor

from multimodal_rs.ops import backends
from multimodal_rs.ops.backend import Backend

VARIABLE = 'MULTIMODAL_RS_SCAN_BACKEND'

# In the order in which `auto` asks. A backend that is not in this line runs
# where it is named, and only there.
AUTO = ('triton', 'vmamba', 'mamba_ssm', 'llvm', 'torch', 'reference')
# What a name is: a module or package in ops/backends.
NAMES = (
    *AUTO,
    *(m.name for m in iter_modules(backends.__path__) if m.name not in AUTO),
)


def load(name: str) -> Backend:
    """Return a backend; its module is imported on first use."""
    return import_module(f'{backends.__name__}.{name}').BACKEND


def choose(name: str, tensors: Sequence[Tensor], what: str) -> Backend:
    """Pick the backend of one call.

    An explicit name wins over the environment variable
    ``MULTIMODAL_RS_SCAN_BACKEND``, which wins over ``auto``.

    Args:
        name: Of a backend, or 'auto'.
        tensors: Arguments of the call.
        what: Operator, for messages.

    Raises:
        ValueError: If the name is unknown.
        RuntimeError: If the named backend cannot run, with the reason.
    """
    name = _asked(name)
    if name != 'auto':
        return _named(name, tensors, what)
    device = tensors[0].device.type
    for candidate in AUTO:
        backend = load(candidate)
        if device not in backend.devices:
            continue
        if backend.reason_against(tensors) is None:
            _log_once(what, candidate, device)
            return backend
    raise RuntimeError(f'{what}: no backend for tensors on {device}')


def available_backends() -> dict[str, str | None]:
    """Map every backend to None, or to why this machine cannot run it."""
    return {name: load(name).unavailable() for name in NAMES}


def check_name(name: str, what: str) -> None:
    """Refuse a backend that does not exist.

    Raises:
        ValueError: With the known names.
    """
    if name not in ('auto', *NAMES):
        raise ValueError(
            f'{what}: unknown backend {name!r}, expected auto or one of '
            f'{list(NAMES)} (argument backend or variable {VARIABLE})'
        )


def use_reference(x: Tensor, name: str) -> bool:
    """Whether plain torch runs outside of an operator, for any derivative."""
    if x.dtype == torch.float64:
        return _asked(name) in ('auto', 'reference')
    return name == 'reference'


def _asked(name: str) -> str:
    return os.environ.get(VARIABLE, 'auto') if name == 'auto' else name


def _named(name: str, tensors: Sequence[Tensor], what: str) -> Backend:
    check_name(name, what)
    backend = load(name)
    reason = backend.reason_against(tensors)
    if reason is not None:
        raise RuntimeError(
            f'{what}: backend {name!r} cannot run this call: {reason}. '
            "backend='auto' takes one that can"
        )
    return backend


@cache
def _log_once(what: str, name: str, device: str) -> None:
    print_log(f'{what} on {device}: {name} backend', 'current')
