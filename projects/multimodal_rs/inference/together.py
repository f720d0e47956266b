"""Several processes that torchrun has started, which map together.

Of one scene each predicts a part of the rows and leaves them in a folder that
all share (see ``pieces.py``); the first process puts the maps together at the
end. Of many scenes each maps some. The processes wait for each other through
``torch.distributed``: torchrun ends those that are left when one has failed.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from torch import distributed

PATIENCE = timedelta(days=7)  # for the slowest process
# What torchrun says in the environment about where the processes meet.
MEETING = ('RANK', 'MASTER_ADDR', 'MASTER_PORT')


class OtherProcessError(RuntimeError):
    """Another process of those that map together is gone."""


@dataclass(frozen=True)
class Together:
    """A process among those that map together.

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
        if self.count > 1:
            with _others_are_there():
                distributed.barrier()

    def gather(self, words: Sequence[str]) -> list[str]:
        """Wait for all, and put together what each has to say.

        Args:
            words: Of this process.

        Returns:
            The words of all processes, in the order of their ranks.

        Raises:
            OtherProcessError: If one will not come.
        """
        found = [list(words)] * self.count
        if self.count > 1:
            with _others_are_there():
                distributed.all_gather_object(found, list(words))
        return [word for several in found for word in several]

    def common(self, words: Sequence[str]) -> list[str]:
        """Wait for all, and keep the words that each has to say.

        Args:
            words: Of this process, each once.

        Raises:
            OtherProcessError: If one will not come.
        """
        said = self.gather(words)
        return [word for word in words if said.count(word) == self.count]


ALONE = Together()


@contextlib.contextmanager
def processes() -> Iterator[Together]:
    """Join the other processes of torchrun, if it has started several.

    Raises:
        ValueError: If nothing says where the others are.
    """
    count = int(os.environ.get('WORLD_SIZE', 1))
    if count == 1:
        yield ALONE
        return
    missing = [name for name in MEETING if name not in os.environ]
    if missing:
        raise ValueError(
            f'WORLD_SIZE={count} says that there are {count} processes, '
            f'expected {", ".join(MEETING)} in the environment as well, by '
            f'which they find each other, got no {", ".join(missing)}: start '
            'them with torchrun, or unset WORLD_SIZE'
        )
    distributed.init_process_group('gloo', timeout=PATIENCE)
    try:
        yield Together(distributed.get_rank(), count)
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def _others_are_there() -> Iterator[None]:
    """Say so if another process is gone that this one waits for."""
    try:
        yield
    except RuntimeError as error:
        raise OtherProcessError(
            'another process that maps together with this one has ended '
            f'before its part was done ({error}): see what it said'
        ) from error
