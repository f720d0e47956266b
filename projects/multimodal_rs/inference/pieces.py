"""Finished rows of a scene in work, which a killed run leaves to the next one.

While a scene is mapped, its finished rows lie in a hidden folder beside the
map. A piece is a GeoTIFF of some rows with the bands of all maps, named after
its rows; it has its name when it is whole, so that the names of the pieces say
which rows are finished. ``asked.json`` says what the rows were made of. From
the pieces the maps are put together when all rows are there, whoever has made
them: several processes write into one folder.
"""

import contextlib
import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import check_written, raster_session
from multimodal_rs.inference.maps import BLOCK, row_file, writing_raster
from multimodal_rs.inference.together import OtherProcessError, Together
from multimodal_rs.utils.files import (
    LONGEST,
    atomic_path,
    read_json,
    write_text,
)
from multimodal_rs.utils.folder_lock import only_one

ASKED = 'asked.json'
WORK = 'map'  # name of the lock
LOG = logging.getLogger(__name__)
Span = tuple[int, int]  # rows [first, end) of the scene


def piece_folder(target: Path) -> Path:
    """Name the folder for the finished rows of a map."""
    digest = hashlib.sha256(target.name.encode()).hexdigest()[:8]
    return target.with_name(f'.{target.stem[:LONGEST]}.{digest}.rows')


class Pieces:
    """The finished rows of a scene.

    Args:
        folder (Path): Where they lie.
        size (tuple): (H, W) of the scene.
        bands (int): Of all maps together.
    """

    def __init__(self, folder: Path, size: Span, bands: int) -> None:
        self.folder = folder
        self.size = size
        self.bands = bands
        self._pending: list[np.ndarray] = []
        self._top = 0  # row of the first one that is pending

    def spans(self) -> list[Span]:
        """List the rows of all pieces, from top to bottom."""
        found = self.folder.glob('[0-9]*-*[0-9].tif')
        return sorted(tuple(map(int, p.stem.split('-'))) for p in found)

    def missing(self, first: int, end: int) -> list[Span]:
        """List those of the rows [first, end) that are in no piece."""
        left = []
        for top, bottom in [*self.spans(), (end, end)]:
            if first < min(top, end):
                left.append((first, min(top, end)))
            first = max(first, bottom)
        return left

    def add(self, top: int, rows: np.ndarray) -> None:
        """Append finished rows; they become a piece when there are enough.

        Args:
            top: Scene row of the first one; below those that were added
                before, or :meth:`finish` was called in between.
            rows: (bands, rows, W) uint8.
        """
        if not self._pending:
            self._top = top
        self._pending.append(rows)
        if top + rows.shape[1] - self._top >= BLOCK:
            self.finish()

    def finish(self) -> None:
        """Make a piece of the rows that are waiting."""
        if not self._pending:
            return
        rows = np.concatenate(self._pending, axis=1)
        self._pending.clear()
        with raster_session(), atomic_path(self._path(rows.shape[1])) as path:
            grid = Grid(rows.shape[1:])
            with (
                writing_raster(path),
                row_file(path, grid, self.bands) as file,
            ):
                file.write(rows)
            check_written(path)

    def read(self, bands: Sequence[int]) -> Iterator[np.ndarray]:
        """Read all rows of the scene, from top to bottom.

        Args:
            bands: Which ones, from 0.

        Yields:
            (bands, rows, W) uint8.
        """
        for top, end in self.spans():
            with raster_session(), rasterio.open(self._name(top, end)) as file:
                yield file.read([band + 1 for band in bands])

    def drop_damaged(self) -> None:
        """Remove pieces that are not what was written, as after power cuts."""
        for top, end in self.spans():
            path = self._name(top, end)
            try:
                with raster_session(), rasterio.open(path) as file:
                    shape = file.read().shape
            except RasterioError:
                shape = None
            if shape != (self.bands, end - top, self.size[1]):
                LOG.warning('%s is damaged: its rows are mapped again', path)
                path.unlink()

    def _path(self, count: int) -> Path:
        return self._name(self._top, self._top + count)

    def _name(self, top: int, end: int) -> Path:
        return self.folder / f'{top:08}-{end:08}.tif'


@contextlib.contextmanager
def kept_rows(
    target: Path,
    size: Span,
    bands: int,
    asked: Mapping[str, object],
    resume: bool,
    together: Together,
) -> Iterator[Pieces]:
    """Hold the finished rows of a map while it is made.

    They are removed when the block is left, unless the process is killed or
    told to end (SIGTERM, Ctrl-C), or another one that maps the same scene is
    gone.

    Args:
        target: The map.
        size: (H, W) of the scene.
        bands: Of all maps that are made of it.
        asked: All that the rows depend on, as JSON has it.
        resume: Whether rows that an earlier run has left are kept, if the
            same was asked for.
        together: This process among those that map the scene. The first one
            removes.

    Raises:
        FolderInUseError: If another run makes the same map.
    """
    pieces = Pieces(piece_folder(target), size, bands)
    with contextlib.ExitStack() as stack:
        if together.rank == 0:
            stack.enter_context(only_one(pieces.folder, WORK))
            _take_over(pieces, target, asked, resume)
        together.wait()
        try:
            yield pieces
        except (KeyboardInterrupt, SystemExit, OtherProcessError):
            if together.rank == 0:
                _leave(pieces, target)
            raise
        except BaseException:
            if together.rank == 0:
                _remove(pieces.folder)
            raise
        if together.rank == 0:
            _remove(pieces.folder)


def _take_over(
    pieces: Pieces, target: Path, asked: Mapping[str, object], resume: bool
) -> None:
    """Keep what an earlier run has left, or remove it; say which."""
    journal = pieces.folder / ASKED
    left = bool(pieces.spans())
    before = None
    if journal.exists():
        advice = f'delete the folder {pieces.folder}'
        before = read_json(journal, f'what was asked for; {advice}')
    if left and resume and before == asked:
        pieces.drop_damaged()
        rows = sum(end - top for top, end in pieces.spans())
        LOG.warning(
            '%s: goes on after %d of %d rows that an earlier run has finished',
            *(target, rows, pieces.size[0]),
        )
        if asked['unreadable'] == 'nodata':
            LOG.warning(
                '%s: places in these rows that could not be read are not said '
                'again',
                target,
            )
        return
    if left:
        reason = 'a run with --resume would have gone on from there'
        if resume:
            both = {**(before or {}), **asked}
            changed = [k for k in both if (before or {}).get(k) != asked[k]]
            reason = f'they were made of other {", ".join(changed)}'
        LOG.warning(
            '%s: removed finished rows of a run that has ended early: %s',
            *(target, reason),
        )
    for path in pieces.folder.iterdir():
        if path.suffix == '.tif' or path.name == ASKED:
            path.unlink()
    write_text(journal, json.dumps(asked))


def _leave(pieces: Pieces, target: Path) -> None:
    """Say what stays; remove the folder if that is nothing."""
    spans = pieces.spans()
    if not spans:
        _remove(pieces.folder)
        return
    rows = sum(end - top for top, end in spans)
    LOG.warning(
        '%s: %d of %d rows are finished and stay in %s: the same command with '
        '--resume goes on from there',
        *(target, rows, pieces.size[0], pieces.folder),
    )


def _remove(folder: Path) -> None:
    """Remove all, the lock that is held there included."""
    shutil.rmtree(folder, ignore_errors=True)
