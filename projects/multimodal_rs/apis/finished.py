"""What of a scene is finished: files that are as they would be made now.

Maps say in their tags what they were made of; what was asked of that which is
made of a map afterwards is noted beside it, see ``products/notes.py``.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.provenance import (
    can_be_told,
    differing_tags,
    map_tags,
)
from multimodal_rs.inference.rasters import Source
from multimodal_rs.products.accuracy import SUMMARY
from multimodal_rs.products.notes import are_noted, is_unreached

if TYPE_CHECKING:
    from multimodal_rs.apis.scene_mapper import SceneMapper


def is_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
    partial_reference: bool = False,
) -> bool:
    """Whether all files of a scene are there, as they would be made now.

    With ``partial_reference`` there need be no accuracy where it is noted
    that the reference does not reach the map.

    Raises:
        FileNotFoundError: If a raster or the reference does not exist.
        ValueError: If one cannot be opened.
    """
    if not maps_are_finished(mapper, rasters, files, grid):
        return False
    asked, there = files.products, files
    unreached = partial_reference and is_unreached(files.out, asked)
    if unreached:
        there = replace(files, products=asked.without_reference())
    made = _time(files.out)
    for path in there.derived:
        path = path / SUMMARY if path.is_dir() else path
        if not path.exists() or _time(path) < made:
            return False
    return are_noted(files.out, asked, files.preview, unreached)


def maps_are_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> bool:
    """Likewise, but not what is made of the maps afterwards."""
    if not can_be_told(mapper.model, rasters):
        return False
    paths = files.rasters.paths()
    if not all(path.exists() for path in paths):
        return False
    folder = Path(files.out).parent
    tags = map_tags(mapper.model, rasters, mapper.windows, grid, folder)
    return all(differing_tags(path, tags) == [] for path in paths)


def _time(path: str | os.PathLike) -> int:
    return os.stat(path).st_mtime_ns
