"""Maps of whole scenes: several rasters in, georeferenced maps out.

Pixels that are invalid in all modalities get 255.

Rasters are read and maps written in parts, so memory grows with the width W
of the scene but not with its height: at most 24 * K * crop * W bytes for K
classes (the rows under work, their copy while they move on, and finished rows
that wait for the thread that writes), 64 MiB of blocks for each raster that
has to be resampled, some 1500 * W bytes per band of a map
for rows that wait until their block is full, GDAL's block cache
(GDAL_CACHEMAX, 5 % of the machine's memory if not set), and four batches of
windows, of which one is in the network.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from torch import nn

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
    RowWriter,
    layer_file,
    write_sidecars,
)
from multimodal_rs.inference.provenance import map_tags
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
) -> Stopwatch:
    """Classify a scene window by window, into files.

    The files appear complete or not at all. While the network works, one
    thread reads the next windows and another one writes finished rows.

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

    Returns:
        The seconds of ``PARTS``, of this process.

    Raises:
        KeyError: If a raster is for an unknown modality.
        ValueError: If rasters cannot be brought to one grid, or not be read,
            or an argument contradicts another.
    """
    _check(files)
    stopwatch = Stopwatch(PARTS)
    with contextlib.ExitStack() as stack:
        modalities = network_modalities(model)
        scene = stack.enter_context(SceneRasters(rasters, modalities, grid))
        check_outputs(files.named(), scene.file_names())
        stack.enter_context(adapted_to_scene(model, scene, windows))
        layers = files.layers(classes, palette, list(scene.modalities))
        tags = map_tags(model, rasters, windows, grid)
        writers = _writers(scene, layers, tags, stopwatch, together)
        write = stack.enter_context(writers)
        found = predict_rows(
            *(model, scene, len(classes), windows, progress, stopwatch),
            part=together.rows(scene.size[0]),
        )
        stack.enter_context(contextlib.closing(found))
        written = in_background(write, found)
        stack.enter_context(contextlib.closing(written))
        for _ in written:
            pass
    if together.rank == 0:
        for path, layer, _ in layers:
            write_sidecars(path, layer)
    return stopwatch


@contextlib.contextmanager
def _writers(
    scene: SceneRasters,
    layers: Sequence[tuple[Path, Layer, Values]],
    tags: Mapping[str, str],
    stopwatch: Stopwatch,
    together: Together,
) -> Iterator[Callable[[Rows], None]]:
    """Open the maps; they take their names when all has gone well.

    Yields:
        A function that writes finished rows into all of them.
    """
    writers: list[RowWriter] = []

    def write(rows: Rows) -> None:
        with stopwatch.timed('writing'):
            for writer, (*_, values) in zip(writers, layers, strict=True):
                writer.add(values(rows))

    with contextlib.ExitStack() as names, contextlib.ExitStack() as opened:
        own = layers if together.rank == 0 else ()
        paths = together.agree(
            [names.enter_context(atomic_path(path)) for path, *_ in own]
        )
        for path, (_, layer, _) in zip(paths, layers, strict=True):
            file = (
                together.part_file(path, scene.size, len(layer.bands))
                if together.rank
                else layer_file(path, scene.grid, layer, tags)
            )
            writers.append(opened.enter_context(file))
        yield write
        with stopwatch.timed('writing'):
            if together.rank == 0:
                together.wait()
                for path, writer in zip(paths, writers, strict=True):
                    together.append_parts(path, writer)
            opened.close()  # adds the overviews
            if together.rank:
                together.wait()


def _check(files: SceneFiles) -> None:
    for name, target in files.named().items():
        if target.suffix.lower() not in ('.tif', '.tiff'):
            raise ValueError(
                f'{name}: maps are GeoTIFFs, got {target}: name a file that '
                'ends with .tif'
            )
