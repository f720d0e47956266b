"""What a map says about where it comes from, in its tags."""

import datetime
import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import fields

import numpy as np
import rasterio
from rasterio.errors import RasterioIOError
from torch import nn

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.grids import UNREADABLE, SceneGrid
from multimodal_rs.inference.identity import digest, files_read, identities
from multimodal_rs.inference.rasters import Source, source_paths
from multimodal_rs.inference.specialists import networks_of
from multimodal_rs.inference.windowed import Windows, network_modalities
from multimodal_rs.models.missing_image import BLACK
from multimodal_rs.results.environment import commit
from multimodal_rs.utils.installation import checkout
from multimodal_rs.utils.plain import plain
from multimodal_rs.version import SOFTWARE

PIECE = 2**22  # bytes that are read at once
# Tags that a map only has where somebody has chosen something.
CHOICES = ('adapt', 'missing', 'grid', 'unreadable', 'specialists')
# Attributes of a modality that decide nothing in a map.
APART = ('dir', 'suffix', 'display', 'unit', 'optional', 'file_range')


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
    grid: SceneGrid,
    folder: str | os.PathLike,
) -> dict[str, str]:
    """Make the tags of the files of a scene.

    Args:
        model: As ``init_model`` returns it; one that was made otherwise does
            not know its checkpoint, and the tags do not name one.
        rasters: The scene; of files the names are told, and a digest of all
            that are read (see ``identity.py``).
        windows: How it is divided.
        grid: To which grid rasters of others are brought.
        folder: Of the map.

    Raises:
        FileNotFoundError: If a raster does not exist.
        ValueError: If one cannot be opened.
    """
    names = [
        f'{name}={_name(rasters[name])}'
        for name in model.modalities
        if name in rasters
    ]
    now = datetime.datetime.now(datetime.timezone.utc)
    return dict(
        software=SOFTWARE,
        commit=_commit(),
        **getattr(model, 'checkpoint_identity', {}),
        **_specialists_tag(model),
        modalities=', '.join(m for m in model.modalities if m in rasters),
        declaration=_declaration(model),
        rasters=' '.join(names),
        files=digest(identities(files_read(rasters, grid), folder)),
        windows=_windows_tag(windows),
        **(dict(adapt=f'{windows.adapt:g}') if windows.adapt else {}),
        **_missing_tag(model),
        **_grid_tag(grid),
        **_unreadable_tag(grid),
        date=now.isoformat(timespec='seconds'),
    )


def can_be_told(model: nn.Module, rasters: Mapping[str, Source]) -> bool:
    """Whether it can be said again later what a map was made of.

    That is not so of arrays, nor of a network without a checkpoint.
    """
    arrays = any(isinstance(x, np.ndarray) for x in rasters.values())
    return not arrays and all(
        hasattr(network, 'checkpoint_identity')
        for network in networks_of(model)
    )


def differing_tags(
    path: str | os.PathLike, tags: Mapping[str, str]
) -> list[str] | None:
    """Name the tags in which a map is another one than would be made now.

    Args:
        path: The map.
        tags: Of :func:`map_tags`.

    Returns:
        Names; none if it is the same. None: there is no such map.
    """
    try:
        with rasterio.open(path) as file:
            found = file.tags()
    except RasterioIOError:
        return None  # not there, or no raster: it will be made
    names = dict.fromkeys([*tags, *CHOICES])
    del names['date']
    return [name for name in names if found.get(name) != tags.get(name)]


def what_is_asked(
    model: nn.Module,
    rasters: Mapping[str, Source],
    size: tuple[int, int],
    windows: Windows,
    grid: SceneGrid,
    tags: Mapping[str, str],
) -> dict[str, object]:
    """List all that the pixels of a map depend on, as JSON has it.

    What cannot be told is like nothing that was there before.

    Args:
        model: The network.
        rasters: The scene.
        size: (H, W) of the map.
        windows: How the scene is divided.
        grid: To which grid rasters of others are brought.
        tags: Of :func:`map_tags`.
    """
    known = can_be_told(model, rasters)
    return dict(
        {name: text for name, text in tags.items() if name != 'date'},
        size=list(size),
        batch_size=windows.batch_size,
        unreadable=grid.unreadable,
        device=next(model.parameters()).device.type,
        origin='files' if known else os.urandom(8).hex(),
    )


def _declaration(model: nn.Module) -> str:
    """Make one text of how rasters are read that differs if that does.

    Also of those that a scene lacks: what stands for them is normalised.
    """
    own, *others = (
        {name: _read_as(m) for name, m in network_modalities(network).items()}
        for network in networks_of(model)
    )
    every = [own, *sorted(others, key=sorted)]
    text = json.dumps(every, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _read_as(modality: Modality) -> dict[str, object]:
    names = [f.name for f in fields(modality) if f.name not in APART]
    return {name: plain(getattr(modality, name)) for name in names}


def _windows_tag(windows: Windows) -> str:
    """Say how the scene is divided; what adapts also depends on batches."""
    text = f'crop {windows.crop}, stride {windows.stride}'
    return text + f', batch {windows.batch_size}' * bool(windows.adapt)


def _specialists_tag(model: nn.Module) -> dict[str, str]:
    """Name the specialists and the SHA-256 of their checkpoints."""
    said = [
        f'{"+".join(network.modalities)} '
        + ' '.join(getattr(network, 'checkpoint_identity', {}).values())
        for network in networks_of(model)[1:]
    ]
    return dict(specialists=', '.join(sorted(said))) if said else {}


def _missing_tag(model: nn.Module) -> dict[str, str]:
    """Say what stood for missing modalities, unless it was black."""
    missing = getattr(model.data_preprocessor, 'missing', BLACK)
    return {} if missing == BLACK else dict(missing=str(missing))


def _unreadable_tag(grid: SceneGrid) -> dict[str, str]:
    """Say what happened where a raster was damaged, unless it was the end."""
    stops = grid.unreadable == UNREADABLE[0]
    return {} if stops else dict(unreadable=grid.unreadable)


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
