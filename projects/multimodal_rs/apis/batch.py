"""Many scenes, one after the other; what is finished may stay."""

import contextlib
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from multimodal_rs.apis.finished import is_finished
from multimodal_rs.apis.incomplete import IncompleteError
from multimodal_rs.apis.outputs import PLACE, SceneOutputs
from multimodal_rs.apis.scene_lists import Scene
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.rasters import local_files, scene_grid
from multimodal_rs.products.notes import is_unreached
from multimodal_rs.products.reference_check import (
    check_systems,
    lacks_systems,
)
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
        error: Why it failed, or with a report why not all is made of the map;
            None: it did not.
        reached: Whether the reference reaches it, as far as is known; if not,
            it has no accuracy.
    """

    name: str
    outputs: SceneOutputs
    report: 'MapReport | None'
    error: Exception | None
    reached: bool = True


def map_scenes(
    mapper: 'SceneMapper',
    scenes: Iterable[Scene],
    outputs: SceneOutputs,
    resume: bool = False,
    progress: bool = False,
    grid: SceneGrid = FINEST,
) -> Iterator[Mapped]:
    """Map scenes; one that cannot be mapped does not keep the others.

    A scene that the reference does not reach has all but the accuracy.

    Args:
        mapper: The network.
        scenes: What to map.
        outputs: Names of files, with ``{scene}`` in the place of its name.
        resume: Whether to leave scenes as they are whose files are complete,
            and made of the same by the same checkpoint, windows and version;
            and to go on with those that an earlier run has begun.
        progress: Whether to say on stderr how far each is.
        grid: To which grid rasters of others are brought; ``{scene}`` in a
            file that it is ``like`` stands for the name.

    Yields:
        What became of each scene, when it is done.

    Raises:
        ValueError: If scenes would write into each other's files, or over
            what is read for any of them.
    """
    scenes = list(scenes)
    check_scenes(mapper, scenes, outputs, grid)
    for scene in scenes:
        files = outputs.of(scene.name)
        report, error, reached = None, None, True
        asked, how = (scene.rasters, files), dict(partial_reference=True)
        own = _grid_of(scene, grid)
        try:
            if resume and is_finished(mapper, *asked, own, **how):
                reached = not is_unreached(files.out, files.products)
            else:
                report = mapper.make(
                    *asked, progress, own, resume=resume, **how
                )
                reached = report.reached
        except IncompleteError as caught:
            report, error = caught.report, caught
        except FAILURES as caught:
            error = caught
        yield Mapped(scene.name, files, report, error, reached)


def _grid_of(scene: Scene, grid: SceneGrid) -> SceneGrid:
    """Put the name of a scene into that of the file whose grid is taken."""
    if grid.like is None:
        return grid
    like = os.fspath(grid.like).replace(PLACE, scene.name)
    return replace(grid, like=like)


def check_scenes(
    mapper: 'SceneMapper',
    scenes: Iterable[Scene],
    outputs: SceneOutputs,
    grid: SceneGrid = FINEST,
) -> None:
    """See that each scene has files of its own, and nothing read is lost.

    And that it is known for all of them where points of a reference lie.

    Args:
        mapper: The network.
        scenes: All that are mapped, by this process and others.
        outputs: Names of files, with ``{scene}`` in the place of its name.
        grid: To which grid rasters of others are brought.

    Raises:
        ValueError: If scenes would write into each other's files, or over
            what is read for any of them, or have several reference systems,
            of which the points of the reference name none.
    """
    scenes = list(scenes)
    outputs.check_names()
    writes, reads = {}, [*getattr(mapper.model, 'loaded_from', ())]
    for scene in scenes:
        files = outputs.of(scene.name)
        reads += local_files(scene.rasters)
        writes |= {f'{scene.name}: {n}': p for n, p in files.writes().items()}
    check_outputs(writes, reads)
    reference = outputs.products.reference
    if reference is None or PLACE in os.fspath(reference):
        return
    outputs.products.check_reference()
    if not lacks_systems(reference):
        return
    systems = {}
    for scene in scenes:
        # One that fails here does so when it is mapped, and says why.
        with contextlib.suppress(*FAILURES), warnings.catch_warnings():
            warnings.simplefilter('ignore')
            own = _grid_of(scene, grid)
            asked = scene.rasters, mapper.modalities, own
            systems[scene.name] = scene_grid(*asked).crs
    check_systems(reference, systems)
