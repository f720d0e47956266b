"""Adapter to a CUDA extension with Mamba's selective scan."""

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import torch
from torch import Tensor

from multimodal_rs.ops.backend import Float32Backend

STEPS_PER_STATE = 2048


class CudaExtension(Float32Backend):
    """Runs the functions ``fwd`` and ``bwd`` of an installed extension.

    What the extensions have in common, read in their C++ source: A, D and
    delta_bias are float32, u, delta, B and C of one type, the last stride of
    each is 1; N <= 256. ``fwd`` also returns x, the states every 2048 steps,
    (B, G * D, ceil(L / 2048), 2 N). Gradients of B and C are added up by
    atomic operations, so that their last digits differ from run to run.

    Attributes:
        extension: Import name of the compiled module.
        remedy: Command that installs it.
        package: Import name of the package that may come without it.
    """

    devices = ('cuda',)
    extension: str
    remedy: str
    package: str | None = None

    def unavailable(self) -> str | None:
        """Say why this machine cannot run it; None if it can."""
        return reason_against(self.extension, self.remedy, self.package)

    def selective_scan_saved(self, u: Tensor, A: Tensor, B: Tensor) -> int:
        """Return the number of elements of x."""
        batch, channels, length = u.shape
        chunks = -(-length // STEPS_PER_STATE)
        return batch * channels * chunks * 2 * A.shape[1]

    def selective_scan_forward(
        self, u, delta, A, B, C, D, delta_bias, softplus, keep
    ):
        """Return y and x, flat."""
        inputs = self._as_expected(u, delta, A, B, C, D, delta_bias)
        module = import_module(self.extension)
        out, x = self._fwd(module, inputs, softplus)
        return out, x.flatten() if keep else x.new_empty(0)

    def selective_scan_backward(
        self, dy, saved, u, delta, A, B, C, D, delta_bias, softplus
    ):
        """Return the gradients of the seven tensors."""
        inputs = self._as_expected(u, delta, A, B, C, D, delta_bias)
        (dy,) = _dense((dy,), torch.float32)
        x = saved.view(*u.shape[:2], -1, 2 * A.shape[1])
        module = import_module(self.extension)
        gradients = self._bwd(module, inputs, dy, x, softplus)
        # An extension returns something for absent inputs, too.
        return [
            None if x is None else g
            for g, x in zip(gradients[: len(inputs)], inputs, strict=True)
        ]

    @abstractmethod
    def _fwd(
        self,
        module: ModuleType,
        inputs: Sequence[Tensor | None],
        softplus: bool,
    ) -> tuple[Tensor, Tensor]:
        """Call ``module.fwd``; return out and x.

        Args:
            module: The extension.
            inputs: u, delta, A, B, C, D, delta_bias.
            softplus: Whether softplus is applied to delta.
        """

    @abstractmethod
    def _bwd(
        self,
        module: ModuleType,
        inputs: Sequence[Tensor | None],
        dy: Tensor,
        x: Tensor,
        softplus: bool,
    ) -> Sequence[Tensor | None]:
        """Call ``module.bwd``; return seven gradients, or more."""

    @abstractmethod
    def _dtype(self, sequences: Sequence[Tensor]) -> torch.dtype:
        """Return the type that u, delta, B and C are handed over in."""

    def _as_expected(self, u, delta, A, B, C, D, delta_bias):
        sequences = (u, delta, B, C)
        u, delta, B, C = _dense(sequences, self._dtype(sequences))
        A, D, delta_bias = _dense((A, D, delta_bias), torch.float32)
        return u, delta, A, B, C, D, delta_bias


@cache
def reason_against(
    extension: str, remedy: str, package: str | None = None
) -> str | None:
    """Say why a CUDA extension cannot be used, None if it can.

    Args:
        extension: Import name of a compiled module.
        remedy: Command that installs it.
        package: Import name of the package that may come without it.
    """
    if find_spec(extension) is None:
        if package is not None and find_spec(package) is not None:
            return f'{package} is installed without {extension}: {remedy}'
        return f'the module {extension} is not installed: {remedy}'
    if not torch.cuda.is_available():
        return f'{extension} is installed, but there is no CUDA device'
    try:
        import_module(extension)
    except (ImportError, OSError) as error:
        # Built for another torch: its symbols are not there.
        return f'{extension} does not load ({error}): rebuild it, {remedy}'
    return None


def _dense(
    tensors: Sequence[Tensor | None], dtype: torch.dtype
) -> list[Tensor | None]:
    """Convert to one type and to a last stride of 1."""
    return [None if x is None else x.to(dtype).contiguous() for x in tensors]
