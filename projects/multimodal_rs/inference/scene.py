"""Maps of whole scenes: several rasters in, georeferenced maps out.

Pixels that are invalid in all modalities get 255.

Rasters are read and maps written in parts, so memory grows with the width W
of the scene but not with its height: at most 24 * K * crop * W bytes for K
classes (the rows under work, their copy while they move on, and finished rows
that wait for the thread that writes), 64 MiB of blocks for each raster that
has to be resampled and for each pair of resolutions that the bands of one
have, some 1500 * W bytes per band of all maps for rows that wait until they
are a piece (see ``pieces.py``), GDAL's block cache (GDAL_CACHEMAX, 5 % of the
machine's memory if not set), and four batches of windows, of which one is in
the network.
"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import nn

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.inference.adaptation import adapted_to_scene
from multimodal_rs.inference.grids import FINEST, SceneGrid
from multimodal_rs.inference.layers import (
    answered_layer,
    answered_values,
    class_layer,
    class_values,
    confidence_layer,
    confidence_values,
    probability_layer,
    probability_values,
)
from multimodal_rs.inference.maps import (
    Layer,
    layer_file,
    write_sidecars,
)
from multimodal_rs.inference.pieces import Pieces, kept_rows
from multimodal_rs.inference.provenance import (
    differing_tags,
    map_tags,
    what_is_asked,
)
from multimodal_rs.inference.rasters import SceneRasters, Source
from multimodal_rs.inference.together import ALONE, Together
from multimodal_rs.inference.windowed import (
    PARTS,
    Rows,
    Windows,
    network_modalities,
    predict_rows,
)
from multimodal_rs.utils.background import in_background
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.outputs import check_outputs
from multimodal_rs.utils.stopwatch import Stopwatch

LOG = logging.getLogger(__name__)
Target = str | os.PathLike
Values = Callable[[Rows], np.ndarray]


@dataclass(frozen=True)
class SceneFiles:
    """The GeoTIFFs that are made of a scene, all uint8; None: not that one.

    Attributes:
        classes: The map: train ids.
        probabilities: Percent for each class.
        confidence: Percent: the largest probability, and its margin over the
            second.
        answered: A number for the modalities that have data.
    """

    classes: Target
    probabilities: Target | None = None
    confidence: Target | None = None
    answered: Target | None = None

    def paths(self) -> list[Path]:
        """Those that are made."""
        return list(self.named().values())

    def named(self) -> dict[str, Path]:
        """Those that are made, by what messages call them."""
        return {
            f'map of {name}': Path(path)
            for name, path in asdict(self).items()
            if path is not None
        }

    def layers(
        self,
        classes: Sequence[str],
        palette: Sequence[Sequence[int]],
        modalities: Sequence[str],
    ) -> list[tuple[Path, Layer, Values]]:
        """What they hold, and how it is made of rows; the map comes first."""
        made = [
            (self.classes, class_layer(classes, palette), class_values),
            (self.probabilities, probability_layer(classes))
            + (probability_values,),
            (self.confidence, confidence_layer(), confidence_values),
        ]
        if self.answered is not None:
            layer = answered_layer(modalities)
            made.append((self.answered, layer, answered_values))
        return [(Path(path), *rest) for path, *rest in made if path]


def predict_scene(
    model: nn.Module,
    rasters: Mapping[str, Source],
    files: SceneFiles,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    windows: Windows,
    progress: bool = True,
    grid: SceneGrid = FINEST,
    together: Together = ALONE,
    resume: bool = False,
) -> Stopwatch:
    """Classify a scene window by window, into files.

    The files appear complete or not at all. While the network works, one
    thread reads the next windows and another one writes finished rows. The
    rows of a run that was killed, or told to end, stay for the next one.

    Args:
        model: A ``MultiModalEncoderDecoder`` on its device; it is set to
            evaluation mode.
        rasters: Raster per modality; a subset is enough.
        files: What to write.
        classes: Names, in the order of the train ids.
        palette: (R, G, B) of every class.
        windows: How to divide the scene.
        progress: Whether to say how far it is.
        grid: To which grid rasters of others are brought.
        together: This process among those that do this for the same scene.
        resume: Whether to go on after the rows that an earlier run has
            finished, if it was asked for the same.

    Returns:
        The seconds of ``PARTS``, of this process.

    Raises:
        KeyError: If a raster is for an unknown modality.
        ValueError: If rasters cannot be brought to one grid, or not be read,
            or an argument contradicts another.
        FolderInUseError: If another run makes the same map.
    """
    _check(files)
    watch = Stopwatch(PARTS)
    with contextlib.ExitStack() as stack:
        modalities = network_modalities(model)
        scene = stack.enter_context(SceneRasters(rasters, modalities, grid))
        check_outputs(files.named(), scene.file_names())
        layers = files.layers(classes, palette, list(scene.modalities))
        folder = Path(files.classes).parent
        tags = map_tags(model, rasters, windows, grid, folder)
        if resume and together.rank == 0:
            _say_why_again(files, tags)
        made_of = model, rasters, scene.size, windows, grid, tags
        asked = what_is_asked(*made_of)
        asked['maps'] = [
            [layer.product, *layer.bands] for _, layer, _ in layers
        ]
        bands = sum(len(layer.bands) for _, layer, _ in layers)
        held = Path(files.classes), scene.size, bands, asked, resume, together
        pieces = stack.enter_context(kept_rows(*held))
        stack.enter_context(adapted_to_scene(model, scene, windows))
        own, seen = together.rows(scene.size[0]), 0
        parts = pieces.missing(*own)
        for part in parts:
            rows = predict_rows(
                *(model, scene, len(classes), windows, progress, watch, part)
            )
            makers = [values for *_, values in layers]
            seen |= _keep(rows, pieces, makers, watch)
        # Nobody knows any more what an earlier run has seen.
        empty = _unseen(scene, seen) if parts == [own] else []
        empty = together.common(empty)
        if together.rank == 0:
            _say_what_is_empty(scene, files.classes, empty)
            with watch.timed('writing'):
                _put_together(pieces, layers, scene.grid, tags)
    return watch


def _keep(
    found: Iterator[Rows],
    pieces: Pieces,
    bands: Sequence[Values],
    watch: Stopwatch,
) -> int:
    """Let a thread write rows while they are found.

    Returns:
        The bits of the rasters that have data in any of them, as ``Rows``
        has them.
    """
    seen = 0

    def write(rows: Rows) -> None:
        nonlocal seen
        with watch.timed('writing'):
            seen |= int(np.bitwise_or.reduce(rows.seen, axis=None))
            made = np.concatenate([values(rows) for values in bands])
            pieces.add(rows.top, made)

    with (
        contextlib.closing(found),
        contextlib.closing(in_background(write, found)) as written,
    ):
        for _ in written:
            pass
    with watch.timed('writing'):
        pieces.finish()
    return seen


def _unseen(scene: SceneRasters, seen: int) -> list[str]:
    """Name the rasters without any data, of ``seen`` as in ``Rows``."""
    return [n for bit, n in enumerate(scene.files) if not seen >> bit & 1]


def _say_what_is_empty(
    scene: SceneRasters, target: Target, names: Sequence[str]
) -> None:
    """Warn of rasters that have a part in no pixel of a map."""
    for name in names:
        LOG.warning(
            '%s: %s of %s has no valid pixel on it, so it is made without: '
            'compare where both lie, and the nodata value of the file',
            *(target, name, scene.files[name].path),
        )


def _put_together(
    pieces: Pieces,
    layers: Sequence[tuple[Path, Layer, Values]],
    grid: Grid,
    tags: Mapping[str, str],
) -> None:
    """Make the maps of their rows; they take their names when all are made."""
    first = 0
    with contextlib.ExitStack() as names:
        for path, layer, _ in layers:
            temporary = names.enter_context(atomic_path(path))
            bands = range(first, first + len(layer.bands))
            with layer_file(temporary, grid, layer, tags) as writer:
                for rows in pieces.read(bands):
                    writer.add(rows)
            first = bands.stop
    for path, layer, _ in layers:
        write_sidecars(path, layer)


def _say_why_again(files: SceneFiles, tags: Mapping[str, str]) -> None:
    """Say in what maps that are there differ from what is asked for."""
    for path in files.paths():
        changed = differing_tags(path, tags)
        if changed:
            LOG.warning(
                '%s is made again: it was made of other %s',
                *(path, ', '.join(changed)),
            )


def _check(files: SceneFiles) -> None:
    for name, target in files.named().items():
        if target.suffix.lower() not in ('.tif', '.tiff'):
            raise ValueError(
                f'{name}: maps are GeoTIFFs, got {target}: name a file that '
                'ends with .tif'
            )
