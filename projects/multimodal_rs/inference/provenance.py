"""What a map says about where it comes from."""

import datetime
import functools
import hashlib
import os
from collections.abc import Mapping

import numpy as np
from torch import nn

from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.rasters import (
    SceneRasters,
    Source,
    source_paths,
)
from multimodal_rs.inference.windowed import Windows
from multimodal_rs.models.missing_image import BLACK
from multimodal_rs.results.environment import commit
from multimodal_rs.utils.installation import checkout
from multimodal_rs.version import __version__

PIECE = 2**22  # bytes that are read at once


def checkpoint_identity(path: str | os.PathLike) -> dict[str, str]:
    """Name a checkpoint and the SHA-256 of its bytes."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return dict(
        checkpoint=os.path.basename(path), checkpoint_sha256=digest.hexdigest()
    )


def map_tags(
    model: nn.Module,
    rasters: Mapping[str, Source],
    windows: Windows,
    grid: SceneGrid = FINEST,
) -> dict[str, str]:
    """Make the tags of the files of a scene.

    Args:
        model: As ``init_model`` returns it; one that was made otherwise does
            not know its checkpoint, and the tags do not name one.
        rasters: The scene; of files only the names are told.
        windows: How it is divided.
        grid: To which grid rasters of others are brought.
    """
    names = [
        f'{name}={_name(rasters[name])}'
        for name in model.modalities
        if name in rasters
    ]
    now = datetime.datetime.now(datetime.timezone.utc)
    return dict(
        software=f'multimodal_rs {__version__}',
        commit=_commit(),
        **getattr(model, 'checkpoint_identity', {}),
        modalities=', '.join(m for m in model.modalities if m in rasters),
        rasters=' '.join(names),
        windows=f'crop {windows.crop}, stride {windows.stride}',
        **(dict(adapt=f'{windows.adapt:g}') if windows.adapt else {}),
        **_missing_tag(model),
        **_grid_tag(grid),
        date=now.isoformat(timespec='seconds'),
    )


def what_is_asked(
    model: nn.Module,
    rasters: Mapping[str, Source],
    scene: SceneRasters,
    windows: Windows,
    grid: SceneGrid,
    tags: Mapping[str, str],
) -> dict[str, object]:
    """List all that the pixels of a map depend on, as JSON has it.

    Local files are told by size and time of writing, others by their names.
    What cannot be told, an array or a network without a checkpoint, is like
    nothing that was there before.

    Args:
        model: The network.
        rasters: The scene.
        scene: It, opened.
        windows: How the scene is divided.
        grid: To which grid rasters of others are brought.
        tags: Of :func:`map_tags`.
    """
    arrays = any(isinstance(x, np.ndarray) for x in rasters.values())
    known = not arrays and hasattr(model, 'checkpoint_identity')
    return dict(
        {name: text for name, text in tags.items() if name != 'date'},
        files=[_file_identity(path) for path in scene.file_names()],
        size=list(scene.size),
        batch_size=windows.batch_size,
        unreadable=grid.unreadable,
        device=next(model.parameters()).device.type,
        origin='files' if known else os.urandom(8).hex(),
    )


def _file_identity(path: str) -> list:
    if not os.path.exists(path):
        return [path]
    found = os.stat(path)
    return [os.path.abspath(path), found.st_size, found.st_mtime_ns]


def _missing_tag(model: nn.Module) -> dict[str, str]:
    """Say what stood for missing modalities, unless it was black."""
    missing = getattr(model.data_preprocessor, 'missing', BLACK)
    return {} if missing == BLACK else dict(missing=str(missing))


def _grid_tag(grid: SceneGrid) -> dict[str, str]:
    """Say what somebody has chosen; nothing where nobody has."""
    said = dict(resolution=grid.resolution, **grid.methods)
    if grid.like is not None:
        said['like'] = os.path.basename(grid.like)
    chosen = [f'{k} {v}' for k, v in sorted(said.items()) if v is not None]
    return dict(grid=', '.join(chosen)) if chosen else {}


def _name(source: Source) -> str:
    names = [os.path.basename(path) for path in source_paths(source)]
    return ','.join(names) or 'array'


@functools.cache
def _commit() -> str:
    """Commit of the checkout; an installed package belongs to none."""
    root = checkout()
    return 'unknown' if root is None else commit(root)
