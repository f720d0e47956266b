"""Maps of whole scenes: several rasters in, one georeferenced map out.

Pixels that are invalid in all modalities get 255.

Rasters are read and maps written in parts, so memory grows with the width W
of the scene but not with its height: at most 8 * K * crop * W bytes for K
classes (the rows under work, and their copy while they move on), some
1500 * W bytes for rows that wait until their block is full (K times that for
probabilities), GDAL's block cache (GDAL_CACHEMAX, 5 % of the machine's memory
if not set), and the batch of windows in the network.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from multimodal_rs.inference.maps import (
    NODATA,
    RowWriter,
    class_map,
    probability_map,
    remove_sidecars,
    write_category_names,
)
from multimodal_rs.inference.rasters import SceneRasters, Source
from multimodal_rs.inference.windowed import (
    Rows,
    Windows,
    network_modalities,
    predict_rows,
)
from multimodal_rs.utils.files import atomic_path


def predict_scene(
    model: nn.Module,
    rasters: Mapping[str, Source],
    output: str | os.PathLike,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    windows: Windows,
    probabilities: str | os.PathLike | None = None,
    progress: bool = True,
) -> None:
    """Classify a scene window by window, into files.

    The files appear complete or not at all.

    Args:
        model: A ``MultiModalEncoderDecoder`` on its device; it is set to
            evaluation mode.
        rasters: Raster per modality, all on one grid; a subset is enough.
        output: GeoTIFF to write: train ids as uint8, with grid, colours and
            names.
        classes: Names, in the order of the train ids.
        palette: (R, G, B) of every class.
        windows: How to divide the scene.
        probabilities: GeoTIFF to write as well: percent per class as uint8.
        progress: Whether to say how far it is.

    Raises:
        KeyError: If a raster is for an unknown modality.
        ValueError: If the rasters do not share one grid, cannot be read, or
            an argument contradicts another.
    """
    _check(output, probabilities, rasters)
    with contextlib.ExitStack() as stack:
        modalities = network_modalities(model)
        scene = stack.enter_context(SceneRasters(rasters, modalities))
        maps = _maps(scene, output, probabilities, classes, palette)
        writer, percent = stack.enter_context(maps)
        for rows in predict_rows(
            model, scene, len(classes), windows, progress
        ):
            writer.add(rows.ids()[None])
            if percent is not None:
                percent.add(_percent(rows))
    for path in filter(None, (output, probabilities)):
        remove_sidecars(path)
    write_category_names(output, classes)


@contextlib.contextmanager
def _maps(
    scene: SceneRasters,
    output: str | os.PathLike,
    probabilities: str | os.PathLike | None,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
) -> Iterator[tuple[RowWriter, RowWriter | None]]:
    """Open the maps; they take their names when all has gone well."""
    with contextlib.ExitStack() as stack:
        path = stack.enter_context(atomic_path(output))
        writer = stack.enter_context(class_map(path, scene, classes, palette))
        percent = None
        if probabilities is not None:
            path = stack.enter_context(atomic_path(probabilities))
            percent = stack.enter_context(
                probability_map(path, scene, classes)
            )
        yield writer, percent


def _percent(rows: Rows) -> np.ndarray:
    """Round probabilities to whole percents, (K, rows, W) uint8."""
    rounded = np.rint(rows.probabilities(whole=100)).astype(np.uint8)
    rounded[:, ~rows.valid] = NODATA
    return rounded


def _check(
    output: str | os.PathLike,
    probabilities: str | os.PathLike | None,
    rasters: Mapping[str, Source],
) -> None:
    targets = [Path(p) for p in (output, probabilities) if p is not None]
    for target in targets:
        if target.suffix.lower() not in ('.tif', '.tiff'):
            raise ValueError(
                f'maps are GeoTIFFs, got {target}: name a file '
                'that ends with .tif'
            )
    read = [r for r in rasters.values() if not isinstance(r, np.ndarray)]
    written = {target.resolve() for target in targets}
    if len(written) < len(targets) or written & {
        Path(path).resolve() for path in read
    }:
        raise ValueError(
            'maps must be written to files of their own, got '
            f'{[str(t) for t in targets]} with the rasters '
            f'{[str(path) for path in read]}'
        )
