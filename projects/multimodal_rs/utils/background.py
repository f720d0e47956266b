"""Work that a thread does while its caller does something else."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def in_background(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    waiting: int = 2,
    held: Callable[[], contextlib.AbstractContextManager] | None = None,
) -> Iterator[Result]:
    """Yield ``work(item)`` for all items; one thread works ahead.

    ``items`` are drawn in the thread of the caller and worked on in their
    order. It serves to read ahead (``work`` reads, the caller computes between
    two results) and to write behind (the caller computes while it makes the
    items, ``work`` writes). Close the iterator (``contextlib.closing``) before
    what the thread uses is closed.

    Args:
        work: Called in the thread; what it raises is raised here.
        items: What it is called with.
        waiting: Results and items that may wait, besides the one in work.
        held: Makes a context that the thread enters before its first item.
    """
    pool = ThreadPoolExecutor(max_workers=1)
    context = contextlib.ExitStack()
    pending = deque()
    try:
        if held is not None:
            pool.submit(lambda: context.enter_context(held())).result()
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) > waiting:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
        pool.submit(context.close).result()
        pool.shutdown()
