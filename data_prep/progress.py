"""Progress on the terminal, a few lines in a log file."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar('Item')


def progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield ``items`` and say on stderr how far they are.

    Args:
        items: What is worked on.
        what: A word for it.
    """
    terminal = sys.stderr.isatty()
    begin = shown = time.monotonic()
    interval = 0.2 if terminal else 30.0  # seconds
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - shown < interval and done < len(items):
            continue
        shown = now
        left = (now - begin) / done * (len(items) - done)
        line = f'{what}: {done}/{len(items)}, {left:.0f} s left'
        end = '\n' if done == len(items) or not terminal else ''
        start = '\r\x1b[K' if terminal else ''
        print(start + line, end=end, file=sys.stderr, flush=True)
