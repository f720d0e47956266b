"""One scene, mapped by several processes that torchrun has started.

Each predicts a part of the rows and leaves them in a folder that all share
(see ``pieces.py``). The first process puts the maps together at the end. The
processes wait for each other through ``torch.distributed``.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from torch import distributed

PATIENCE = timedelta(days=7)  # for the slowest process


class OtherProcessError(RuntimeError):
    """Another process that maps the same scene is gone."""


@dataclass(frozen=True)
class Together:
    """A process among those that map a scene.

    Attributes:
        rank: Its number; 0 writes the maps.
        count: How many there are.
    """

    rank: int = 0
    count: int = 1

    def rows(self, height: int) -> tuple[int, int]:
        """Rows [first, end) of a scene that this process predicts.

        Raises:
            ValueError: If there is not a row for each.
        """
        if height < self.count:
            raise ValueError(
                f'{self.count} processes share a scene of {height} rows: '
                'start at most as many as there are rows'
            )
        return (
            height * self.rank // self.count,
            height * (self.rank + 1) // self.count,
        )

    def wait(self) -> None:
        """Wait until all have come here.

        Raises:
            OtherProcessError: If one will not come.
        """
        if self.count == 1:
            return
        try:
            distributed.barrier()
        except RuntimeError as error:
            raise OtherProcessError(
                'another process that maps this scene has ended before its '
                f'part was done ({error}): see what it said'
            ) from error


ALONE = Together()


@contextlib.contextmanager
def processes() -> Iterator[Together]:
    """Join the other processes of torchrun, if it has started several."""
    count = int(os.environ.get('WORLD_SIZE', 1))
    if count == 1:
        yield ALONE
        return
    distributed.init_process_group('gloo', timeout=PATIENCE)
    try:
        yield Together(distributed.get_rank(), count)
    finally:
        distributed.destroy_process_group()
