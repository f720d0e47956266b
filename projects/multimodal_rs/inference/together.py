"""One scene, mapped by several processes that torchrun has started.

Each predicts a part of the rows. The first process writes the maps; the
others put their rows into files beside them, which it appends at the end. The
processes share a disk, and talk through ``torch.distributed``.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import rasterio
from torch import distributed

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import raster_session
from multimodal_rs.inference.maps import BLOCK, RowWriter, row_file

PATIENCE = timedelta(days=7)  # for the slowest process


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

    def agree(self, paths: Sequence[Path]) -> list[Path]:
        """Get the unfinished files of the first process."""
        if self.count == 1:
            return list(paths)
        said = [[os.fspath(path) for path in paths]]
        distributed.broadcast_object_list(said, src=0)
        return [Path(path) for path in said[0]]

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.count > 1:
            distributed.barrier()

    @contextlib.contextmanager
    def part_file(
        self, path: Path, size: tuple[int, int], bands: int
    ) -> Iterator[RowWriter]:
        """Open the file for this process's rows of an unfinished map.

        Args:
            path: Of the unfinished map.
            size: (H, W) of the scene.
            bands: Of the map.
        """
        first, end = self.rows(size[0])
        grid = Grid((end - first, size[1]))
        with (
            raster_session(),  # where a file does not lie is not spoken of
            row_file(_part(path, self.rank), grid, bands) as file,
        ):
            writer = RowWriter(file)
            yield writer
            writer.finish()

    def append_parts(self, path: Path, writer: RowWriter) -> None:
        """Append the rows of the other processes, and remove their files.

        Args:
            path: Of the unfinished map.
            writer: Of it; it has the rows of this process.
        """
        for rank in range(1, self.count):
            part = _part(path, rank)
            with raster_session(), rasterio.open(part) as file:
                for top in range(0, file.height, BLOCK):
                    rows = top, min(top + BLOCK, file.height)
                    writer.add(file.read(window=(rows, (0, file.width))))
            part.unlink()


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


def _part(path: Path, rank: int) -> Path:
    return Path(f'{path}.{rank}.tif')
