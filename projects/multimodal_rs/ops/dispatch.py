"""Which implementation runs: decided per call, from the tensors."""

import os
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import NamedTuple

import torch
from mmengine.logging import print_log
from torch import Tensor

VARIABLE = 'MULTIMODAL_RS_SCAN_BACKEND'


class Backend(NamedTuple):
    """An implementation of the scans.

    The module of its name in ``multimodal_rs.ops.backends`` is imported on
    first use. It has ``unavailable() -> str | None``, why it cannot be used
    on this machine, ``unsuitable(tensors) -> str | None``, why not for these
    tensors, and the functions that :mod:`multimodal_rs.ops.operators` calls.

    Attributes:
        name: For ``backend=``.
        devices: Device types for which ``auto`` asks it.
    """

    name: str
    devices: tuple[str, ...]

    def load(self) -> ModuleType:
        return import_module(f'multimodal_rs.ops.backends.{self.name}')

    def reason_against(self, tensors: Sequence[Tensor]) -> str | None:
        """Say why this backend cannot take ``tensors``, None if it can."""
        module = self.load()
        return module.unavailable() or module.unsuitable(tensors)


# In the order in which `auto` asks.
BACKENDS = (
    Backend('triton', ('cuda',)),
    Backend('vmamba', ('cuda',)),
    Backend('mamba_ssm', ('cuda',)),
    Backend('llvm', ('cpu',)),
    Backend('torch', ('cpu', 'cuda', 'mps', 'xpu', 'npu')),
    Backend('reference', ('cpu', 'cuda', 'mps', 'xpu', 'npu')),
)
NAMES = tuple(b.name for b in BACKENDS)


def choose(name: str, tensors: Sequence[Tensor], what: str) -> ModuleType:
    """Pick the backend of one call.

    An explicit name wins over the environment variable
    ``MULTIMODAL_RS_SCAN_BACKEND``, which wins over ``auto``.

    Args:
        name: Of a backend, or 'auto'.
        tensors: Arguments of the call.
        what: Operator, for messages.

    Returns:
        The module of the backend.

    Raises:
        ValueError: If the name is unknown.
        RuntimeError: If the named backend cannot run, with the reason.
    """
    name = _asked(name)
    if name != 'auto':
        return _named(name, tensors, what)
    device = tensors[0].device.type
    for backend in BACKENDS:
        if device not in backend.devices:
            continue
        if backend.reason_against(tensors) is None:
            _log_once(what, backend.name, device)
            return backend.load()
    raise RuntimeError(f'{what}: no backend for tensors on {device}')


def available_backends() -> dict[str, str | None]:
    """Map every backend to None, or to why this machine cannot run it."""
    return {b.name: b.load().unavailable() for b in BACKENDS}


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


def _named(name: str, tensors: Sequence[Tensor], what: str) -> ModuleType:
    check_name(name, what)
    backend = BACKENDS[NAMES.index(name)]
    reason = backend.reason_against(tensors)
    if reason is not None:
        raise RuntimeError(
            f'{what}: backend {name!r} cannot run this call: {reason}. '
            "backend='auto' takes one that can"
        )
    return backend.load()


@cache
def _log_once(what: str, name: str, device: str) -> None:
    print_log(f'{what} on {device}: {name} backend', 'current')
