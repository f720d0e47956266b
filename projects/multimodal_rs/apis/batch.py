"""Many scenes, one after the other; what is finished may stay."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import rasterio
from rasterio.errors import RasterioIOError

from multimodal_rs.apis.outputs import SceneOutputs
from multimodal_rs.apis.scene_lists import Scene
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.provenance import map_tags
from multimodal_rs.inference.rasters import (
    Source,
    local_files,
)
from multimodal_rs.products.accuracy import SUMMARY
from multimodal_rs.utils.folder_lock import FolderInUseError
from multimodal_rs.utils.outputs import check_outputs

if TYPE_CHECKING:
    from multimodal_rs.apis.scene_mapper import MapReport, SceneMapper

# What ends one scene, and not those that follow.
FAILURES = (
    ArithmeticError,
    LookupError,
    OSError,
    ValueError,
    FolderInUseError,
)


class Mapped(NamedTuple):
    """What became of a scene.

    Attributes:
        name: Of the scene.
        outputs: Its files.
        report: Of the mapping; None: it was finished before, or failed.
        error: Why it failed; None: it did not.
    """

    name: str
    outputs: SceneOutputs
    report: 'MapReport | None'
    error: Exception | None


def map_scenes(
    mapper: 'SceneMapper',
    scenes: Iterable[Scene],
    outputs: SceneOutputs,
    resume: bool = False,
    progress: bool = False,
    grid: SceneGrid = FINEST,
) -> Iterator[Mapped]:
    """Map scenes; one that cannot be mapped does not keep the others.

    Args:
        mapper: The network.
        scenes: What to map.
        outputs: Names of files, with ``{scene}`` in the place of its name.
        resume: Whether to leave scenes as they are whose files are complete,
            made by the same checkpoint, windows and version, and not older
            than the rasters; and to go on with those that an earlier run has
            begun.
        progress: Whether to say on stderr how far each is.
        grid: To which grid rasters of others are brought.

    Yields:
        What became of each scene, when it is done.

    Raises:
        ValueError: If scenes would write into each other's files, or over
            what is read for any of them.
    """
    scenes = list(scenes)
    check_scenes(mapper, scenes, outputs)
    for scene in scenes:
        files = outputs.of(scene.name)
        report = error = None
        try:
            if not (
                resume and is_finished(mapper, scene.rasters, files, grid)
            ):
                report = mapper.make(
                    scene.rasters, files, progress, grid, resume=resume
                )
        except FAILURES as caught:
            error = caught
        yield Mapped(scene.name, files, report, error)


def check_scenes(
    mapper: 'SceneMapper', scenes: Iterable[Scene], outputs: SceneOutputs
) -> None:
    """See that each scene has files of its own, and nothing read is lost.

    Args:
        mapper: The network.
        scenes: All that are mapped, by this process and others.
        outputs: Names of files, with ``{scene}`` in the place of its name.

    Raises:
        ValueError: If scenes would write into each other's files, or over
            what is read for any of them.
    """
    outputs.check_names()
    writes, reads = {}, [*getattr(mapper.model, 'loaded_from', ())]
    for scene in scenes:
        files = outputs.of(scene.name)
        reads += local_files(scene.rasters)
        writes |= {f'{scene.name}: {n}': p for n, p in files.writes().items()}
    check_outputs(writes, reads)


def is_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> bool:
    """Whether all files of a scene are there, as they would be made now."""
    if not maps_are_finished(mapper, rasters, files, grid):
        return False
    made = _time(files.out)
    for path in files.derived:
        path = path / SUMMARY if path.is_dir() else path
        if not path.exists() or _time(path) < made:
            return False
    return True


def maps_are_finished(
    mapper: 'SceneMapper',
    rasters: Mapping[str, Source],
    files: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> bool:
    """Likewise, but not what is made of the maps afterwards."""
    expected = map_tags(mapper.model, rasters, mapper.windows, grid)
    del expected['date']
    inputs = filter(os.path.exists, local_files(rasters))
    newest = max(map(_time, inputs), default=0)
    for path in files.rasters.paths():
        tags = _tags(path)
        if tags is None or not expected.items() <= tags.items():
            return False
        if _time(path) < newest:
            return False
    return True


def _tags(path: Path) -> dict[str, str] | None:
    try:
        with rasterio.open(path) as file:
            return file.tags()
    except RasterioIOError:
        return None  # not there, or no raster: it will be made


def _time(path: str | os.PathLike) -> int:
    return os.stat(path).st_mtime_ns
