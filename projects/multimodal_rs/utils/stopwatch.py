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
        seconds: Name of a part -> seconds.
    """

    def __init__(self, parts: Sequence[str]) -> None:
        self.seconds = dict.fromkeys(parts, 0.0)
        self._begin = time.perf_counter()

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the seconds of a block for a part."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - begin

    @property
    def whole(self) -> float:
        """Seconds since the stopwatch was made."""
        return time.perf_counter() - self._begin
