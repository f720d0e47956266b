"""Compiled CPU backend: kernels written by LLVM while the program runs.

``llvmlite``, a wheel with LLVM inside, replaces a compiler on the user's
machine. Compared with numba, which sits on top of it, explicit vectors reach
the speed of hand-written intrinsics, a kernel compiles in a fraction of a
second (so nothing is cached on disk), threads are plain ones (so that forked
DataLoader workers are safe), and importing it costs milliseconds.

float32 inside; 16-bit arguments are converted. Gradients do not depend on the
scheduling of the threads, only on their number.
"""

from functools import cache
from importlib import import_module

from multimodal_rs.ops.backend import KernelBackend


class Llvm(KernelBackend):
    """Kernels for the CPU, compiled by llvmlite."""

    devices = ('cpu',)

    def unavailable(self) -> str | None:
        """Say why this machine cannot run it; None if it can."""
        return _reason_against_compiling()


@cache
def _reason_against_compiling() -> str | None:
    try:
        jit = import_module(f'{__name__}.jit')
        jit.compile_kernel('nothing', lambda e: None)
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        reason = str(error).strip().split('\n')[0]
        return (
            f"llvmlite does not work ({reason}): pip install 'llvmlite>=0.46'"
        )
    return None


BACKEND = Llvm()
