"""Which process has made a file, and whether it is still there."""

import contextlib
import hashlib
import os
import socket
from pathlib import Path


def this_process() -> str:
    """Name this process: no other one, on any machine, has the same name.

    Returns:
        ``<machine>-<id>-<start>``: 8 hexadecimal digits, the id of the
        process, and when it started, in ticks of the kernel's clock (0 where
        the system does not say).
    """
    return f'{_machine()}-{os.getpid()}-{_start(os.getpid())}'


def has_ended(name: str) -> bool:
    """Whether a process is known to have ended.

    Args:
        name: As :func:`this_process` gives it.

    Returns:
        False where that cannot be seen from here, as with processes of
        another machine or container.
    """
    machine, pid, start = name.split('-')
    if os.name != 'posix' or machine != _machine():
        return False
    try:
        os.kill(int(pid), 0)  # sends nothing
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's, so it is there
    return _start(int(pid)) != start  # the id has been given away again


def _machine() -> str:
    """Name the machine, or the container: where ids mean the same process."""
    name = socket.gethostname()
    with contextlib.suppress(OSError):  # machines may share a name
        name += Path('/etc/machine-id').read_text()
    with contextlib.suppress(OSError):
        name += os.readlink('/proc/self/ns/pid')
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _start(pid: int) -> str:
    """When a process started; '0' if that is not known."""
    try:
        fields = Path(f'/proc/{pid}/stat').read_text()
    except OSError:
        return '0'
    # The name, in brackets, may hold blanks and brackets itself.
    return fields.rpartition(')')[2].split()[19]
