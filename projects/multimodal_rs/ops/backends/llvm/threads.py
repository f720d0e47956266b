"""Threads that run a kernel, without OpenMP.

Kernels take their tasks from a shared counter. The threads are Python's, so
that a forked child (a DataLoader worker) simply starts its own: it inherits
the machine code, not the pool.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import torch

_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def run(kernel: Callable[[int, int], None], arguments, tasks: int) -> None:
    """Run all tasks of one call and wait for them.

    Args:
        kernel: From :func:`.jit.compile_kernel`.
        arguments: ctypes array; stays alive until the return.
        tasks: How many the kernel will find.
    """
    counter = ctypes.c_int64(0)
    where = ctypes.addressof(arguments), ctypes.addressof(counter)
    helpers: list[Future] = []
    number = min(torch.get_num_threads(), tasks) - 1
    if number > 0:
        pool = _pool(number)
        helpers = [pool.submit(kernel, *where) for _ in range(number)]
    kernel(*where)
    for helper in helpers:
        # One that has not started has nothing left to do.
        if not helper.cancel():
            helper.result()


def _pool(number: int) -> ThreadPoolExecutor:
    with _lock:
        if number not in _pools:
            _pools[number] = ThreadPoolExecutor(
                number, thread_name_prefix='scan'
            )
        return _pools[number]


def _forget() -> None:
    """The threads of a parent do not exist in its forked child."""
    global _lock
    _lock = threading.Lock()
    _pools.clear()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_forget)
