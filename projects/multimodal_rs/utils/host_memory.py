"""Memory that tensors have freed, and what the C library does with it."""

import ctypes
import platform

# Options of mallopt, from glibc's malloc.h.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


def keep_freed_memory() -> bool:
    """Keep freed memory in this process, for the next tensors.

    By default glibc gives the memory of large tensors back to the operating
    system as soon as they are freed, so that each step of training touches
    all pages of its activations and gradients for the first time again. Holds
    for the whole process, which then stays at its peak until it ends.

    Returns:
        Whether this C library can do it; others are left as they are.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    options = ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1))
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(option, value) == 1 for option, value in options)
