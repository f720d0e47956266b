"""Progress of long work: a bar on a terminal, a few lines in a log file."""

import contextlib
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
) -> Iterator[Callable[[int], None]]:
    """Say on stderr how far something is.

    Args:
        what: A word for what is worked on.
        total: How many there are.
        shown: Whether to say anything.

    Yields:
        A function to call with the number of those that were just done.
    """
    if not shown:
        yield lambda count: None
    elif not sys.stderr.isatty():
        yield _Lines(what, total)
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


class _Lines:
    """Prints a line every half minute, and one at the end."""

    def __init__(self, what: str, total: int) -> None:
        self.what = what
        self.total = total
        self.done = 0
        self.begin = self.shown = time.monotonic()

    def __call__(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.shown < INTERVAL and self.done < self.total:
            return
        self.shown = now
        left = (now - self.begin) / self.done * (self.total - self.done)
        print(
            f'{self.what}: {self.done}/{self.total}, {left:.0f} s left',
            file=sys.stderr,
            flush=True,
        )
