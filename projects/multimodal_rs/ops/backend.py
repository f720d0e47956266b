"""Backend: what the dispatch asks an implementation, and the operators call.

A module or package of :mod:`multimodal_rs.ops.backends` holds an instance of
a subclass as ``BACKEND``; the name of the module is that of the backend.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

import torch
from torch import Tensor

from multimodal_rs.ops.composed import ss2d_composed, ss2d_composed_backward


class Backend(ABC):
    """An implementation of the scans.

    A subclass has to scan one-dimensional sequences; maps are scanned route
    by route with that, unless it has a kernel for them. Arguments are those
    of :func:`multimodal_rs.ops.selective_scan` and
    :func:`multimodal_rs.ops.ss2d`, which have checked them; parameters are
    float32 (float64 where the sequences are). ``saved`` is what the forward
    pass leaves for the backward pass: a flat tensor of their type, in a
    layout of the backend's own, empty if ``keep`` is False.

    Attributes:
        devices: Device types for which ``auto`` asks this backend.
    """

    devices: tuple[str, ...] = ('cpu', 'cuda', 'mps', 'xpu', 'npu')

    def unavailable(self) -> str | None:
        """Say why this machine cannot run it; None if it can."""
        return None

    def unsuitable(self, tensors: Sequence[Tensor]) -> str | None:
        """Say why it cannot take these tensors; None if it can."""
        return None

    def reason_against(self, tensors: Sequence[Tensor]) -> str | None:
        """Say why it cannot run on these tensors here; None if it can."""
        return self.unavailable() or self.unsuitable(tensors)

    @abstractmethod
    def selective_scan_forward(
        self, u, delta, A, B, C, D, delta_bias, softplus, keep
    ) -> tuple[Tensor, Tensor]:
        """Return y (B, G * D, L), and ``saved``."""

    @abstractmethod
    def selective_scan_backward(
        self, dy, saved, u, delta, A, B, C, D, delta_bias, softplus
    ) -> Sequence[Tensor | None]:
        """Return the gradients of the seven tensors, None for those of None.

        Any float type and any strides will do.
        """

    def selective_scan_saved(self, u: Tensor, A: Tensor, B: Tensor) -> int:
        """Return the number of elements of ``saved``, for fake tensors."""
        return 0

    def ss2d_forward(
        self,
        x: Tensor,
        x_proj_weight: Tensor,
        dt_proj_weight: Tensor,
        dt_proj_bias: Tensor,
        A: Tensor,
        D: Tensor,
        routes: Sequence,
        keep: bool,
    ) -> tuple[Tensor, Tensor]:
        """Return y (B, H, W, D) for x (S, B, H, W, D), and ``saved``."""

        def scan(*arguments):
            return self.selective_scan_forward(*arguments, False)[0]

        parameters = (x_proj_weight, dt_proj_weight, dt_proj_bias, A, D)
        y = ss2d_composed(x, *parameters, routes, scan)
        return y, y.new_empty(0)

    def ss2d_backward(
        self,
        dy: Tensor,
        saved: Tensor,
        x: Tensor,
        x_proj_weight: Tensor,
        dt_proj_weight: Tensor,
        dt_proj_bias: Tensor,
        A: Tensor,
        D: Tensor,
        routes: Sequence,
    ) -> Sequence[Tensor]:
        """Return the gradients of the six tensors."""
        return ss2d_composed_backward(
            *(self.selective_scan_forward, self.selective_scan_backward),
            *(dy, x, x_proj_weight, dt_proj_weight, dt_proj_bias, A, D),
            routes,
        )

    def ss2d_saved(self, x: Tensor, dt_proj_weight: Tensor, A: Tensor) -> int:
        """Return the number of elements of ``saved``, for fake tensors."""
        return 0


class Float32Backend(Backend):
    """One for a single kind of device that computes in float32.

    16-bit tensors are taken too.
    """

    def device(self) -> str:
        """Return the type of the device that it runs on."""
        return self.devices[0]

    def unsuitable(self, tensors: Sequence[Tensor]) -> str | None:
        """Say why it cannot take these tensors; None if it can."""
        device = self.device()
        for tensor in tensors:
            if tensor.device.type != device:
                return f'it runs on {device}, a tensor is on {tensor.device}'
            if tensor.dtype not in (
                torch.float32,
                torch.float16,
                torch.bfloat16,
            ):
                return f'it computes in float32, a tensor is {tensor.dtype}'
        return None


class KernelBackend(Float32Backend):
    """One whose kernels need a package that is imported on first use.

    A package with two modules, ``host_1d`` for sequences and ``host_2d`` for
    maps. Each of them has ``forward``, ``backward`` and ``saved``, with the
    arguments of the methods here.
    """

    def selective_scan_forward(self, *arguments):
        """Return y and ``saved``."""
        return self._host('host_1d').forward(*arguments)

    def selective_scan_backward(self, *arguments):
        """Return the gradients of the seven tensors."""
        return self._host('host_1d').backward(*arguments)

    def selective_scan_saved(self, u: Tensor, A: Tensor, B: Tensor) -> int:
        """Return the number of elements of ``saved``."""
        return self._host('host_1d').saved(u, A, B)

    def ss2d_forward(self, *arguments):
        """Return y and ``saved``."""
        return self._host('host_2d').forward(*arguments)

    def ss2d_backward(self, *arguments):
        """Return the gradients of the six tensors."""
        return self._host('host_2d').backward(*arguments)

    def ss2d_saved(self, x: Tensor, dt_proj_weight: Tensor, A: Tensor) -> int:
        """Return the number of elements of ``saved``."""
        return self._host('host_2d').saved(x, dt_proj_weight, A)

    def _host(self, name: str) -> ModuleType:
        return import_module(f'{type(self).__module__}.{name}')
