"""Where the time of a long work goes."""

import contextlib
import time
from collections.abc import Iterator, Sequence


class Stopwatch:
    """Adds up the seconds of parts of a work.

    Parts may run at the same time in several threads, so their shares of the
    whole may add up to more than 1; one part runs in one thread at a time.

    Args:
        parts (Sequence[str]): Their names, in the order of the report.

    Attributes:
        seconds: Name of a part -> seconds by the clock.
        cpu_seconds: Name of a part -> seconds that the processor spent in its
            thread; what torch does in further threads is not among them. On a
            busy machine they say more than the clock.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self.seconds = dict.fromkeys(parts, 0.0)
        self.cpu_seconds = dict.fromkeys(parts, 0.0)
        self._begin = time.perf_counter()

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the seconds of a block for a part."""
        begin = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - begin[0]
            self.cpu_seconds[part] += time.thread_time() - begin[1]

    @property
    def whole(self) -> float:
        """Seconds since the stopwatch was made."""
        return time.perf_counter() - self._begin
