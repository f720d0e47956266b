"""Progress of long work: a bar on a terminal, a few lines in a log file.

Besides, the logger of this module gets a line a minute at the level INFO.
"""

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Item = TypeVar('Item')
INTERVAL = 30.0  # seconds between two lines
LOG_INTERVAL = 60.0  # in a log
LOG = logging.getLogger(__name__)
Advance = Callable[[int], None]


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield ``items`` and say on stderr how far they are.

    Args:
        items: What is worked on.
        what: A word for it.
    """
    with progress_bar(what, len(items)) as advance:
        for item in items:
            yield item
            advance(1)


@contextlib.contextmanager
def progress_bar(
    what: str, total: int, shown: bool = True
) -> Iterator[Advance]:
    """Say on stderr, and in the log, how far something is.

    Args:
        what: A word for what is worked on.
        total: How many there are.
        shown: Whether to say anything on stderr.

    Yields:
        A function to call with the number of those that were just done.
    """
    with _shown(what, total, shown) as advance:
        if not LOG.isEnabledFor(logging.INFO):
            yield advance
            return
        logged = _Lines(what, total, LOG_INTERVAL, LOG.info)

        def advance_both(count: int) -> None:
            advance(count)
            logged(count)

        yield advance_both


@contextlib.contextmanager
def _shown(what: str, total: int, shown: bool) -> Iterator[Advance]:
    if not shown:
        yield lambda count: None
    elif not sys.stderr.isatty():
        yield _Lines(what, total, INTERVAL, _print)
    else:
        columns = (
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(what, total=total)
            yield lambda count: bar.advance(task, count)


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


class _Lines:
    """Says a line now and then, and one at the end."""

    def __init__(
        self,
        what: str,
        total: int,
        interval: float,
        say: Callable[[str], None],
    ) -> None:
        self.what = what
        self.total = total
        self.interval = interval
        self.say = say
        self.done = 0
        self.begin = self.said = time.monotonic()

    def __call__(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.said < self.interval and self.done < self.total:
            return
        self.said = now
        left = (now - self.begin) / self.done * (self.total - self.done)
        self.say(f'{self.what}: {self.done}/{self.total}, {left:.0f} s left')
