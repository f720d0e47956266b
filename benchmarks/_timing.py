"""CPU and wall time of a run."""

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Time(NamedTuple):
    """Median seconds of a run.

    Attributes:
        cpu: User and system time of all threads.
        wall: By the clock.
    """

    cpu: float
    wall: float


def measure(run: Callable[[], object], times: int) -> Time:
    """Run several times and return the medians."""
    cpu, wall = [], []
    for _ in range(times):
        start = time.process_time(), time.perf_counter()
        run()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return Time(statistics.median(cpu), statistics.median(wall))
