"""Predict whole scenes: several rasters in, one georeferenced map out.

Class probabilities of overlapping windows are averaged with a weight that
falls towards the border of a window. Windows reach (crop - stride) / 2 pixels
beyond the scene, which is mirrored there; a scene that fits into one window
is mirrored to its size. In a window where a modality has no valid pixel it
counts as missing, as it does for an optional modality of a tile. Pixels that
are invalid in all modalities get 255.

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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.blending import (
    MovingBand,
    axis_starts,
    axis_weight,
    window_weight,
)
from multimodal_rs.inference.maps import (
    NODATA,
    RowWriter,
    class_map,
    probability_map,
    remove_sidecars,
    write_category_names,
)
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.utils.files import atomic_path
from multimodal_rs.utils.progress import progress_bar
from multimodal_rs.utils.windows import Window


@torch.no_grad()
def predict_scene(
    model: nn.Module,
    rasters: Mapping[str, str],
    output: str | os.PathLike,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    crop: int = 256,
    stride: int = 128,
    batch_size: int = 4,
    probabilities: str | os.PathLike | None = None,
    progress: bool = True,
) -> None:
    """Classify a scene window by window.

    The files appear complete or not at all.

    Args:
        model: A ``MultiModalEncoderDecoder`` on its device; it is set to
            evaluation mode.
        rasters: File per modality, all on one grid; a subset is enough.
        output: GeoTIFF to write: train ids as uint8, with grid, colours and
            names.
        classes: Names, in the order of the train ids.
        palette: (R, G, B) of every class.
        crop: Height and width of a window in pixels, best as in training.
        stride: Pixels between windows, at most ``crop``. Half of it sees
            every pixel four times, ``crop`` sees it once and does not blend.
        batch_size: Windows in the network at once.
        probabilities: GeoTIFF to write as well: percent per class as uint8.
        progress: Whether to say how far it is.

    Raises:
        KeyError: If a raster is for an unknown modality.
        ValueError: If the rasters do not share one grid, cannot be read, or
            an argument contradicts another.
    """
    _check(output, probabilities, rasters, batch_size)
    model.eval()
    modalities = network_modalities(model)
    with contextlib.ExitStack() as stack:
        scene = stack.enter_context(SceneRasters(rasters, modalities))
        plan = _Plan.of(scene.size, crop, stride)
        maps = _maps(scene, output, probabilities, classes, palette)
        writer, percent = stack.enter_context(maps)
        advance = stack.enter_context(
            progress_bar('windows', plan.count, progress)
        )
        band = MovingBand(len(classes), plan.band_height, scene.size[1])
        for windows, end in plan.rows(batch_size):
            _add_batch(model, scene, windows, band)
            advance(len(windows))
            _write(band, end, plan, writer, percent)
    for path in filter(None, (output, probabilities)):
        remove_sidecars(path)
    write_category_names(output, classes)


def network_modalities(model: nn.Module) -> dict[str, Modality]:
    """Declarations of what a network reads; its dataset may have more."""
    declared = model.data_preprocessor.modalities
    return {m: declared[m] for m in model.modalities}


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


@dataclass(frozen=True)
class _Plan:
    """Where the windows of a scene are.

    Attributes:
        size: (H, W) of the scene.
        crop: Height and width of a window.
        tops: First rows of the windows.
        lefts: First columns.
        row_weight: (H,) total weight of every row.
        column_weight: (W,) likewise.
    """

    size: tuple[int, int]
    crop: int
    tops: list[int]
    lefts: list[int]
    row_weight: np.ndarray
    column_weight: np.ndarray

    @classmethod
    def of(cls, size: tuple[int, int], crop: int, stride: int) -> '_Plan':
        """Place the windows."""
        weight = window_weight(crop)
        places = [axis_starts(n, crop, stride) for n in size]
        weights = [
            axis_weight(n, p, weight)
            for n, p in zip(size, places, strict=True)
        ]
        return cls(size, crop, *places, *weights)

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.tops) * len(self.lefts)

    @property
    def band_height(self) -> int:
        """Rows of the scene that a row of windows touches at most."""
        return min(self.crop, self.size[0])

    def rows(self, batch_size: int) -> Iterator[tuple[list[Window], int]]:
        """Batches of windows, row by row.

        Yields:
            Windows, and the scene row before which all is done after them.
        """
        done = 0
        for number, top in enumerate(self.tops):
            windows = [
                Window(top, left, top + self.crop, left + self.crop)
                for left in self.lefts
            ]
            for first in range(0, len(windows), batch_size):
                if first + batch_size >= len(windows):
                    following = [*self.tops, self.size[0]][number + 1]
                    done = max(following, 0)
                yield windows[first : first + batch_size], done


def _add_batch(
    model: nn.Module,
    scene: SceneRasters,
    windows: Sequence[Window],
    band: MovingBand,
) -> None:
    """Predict windows and add them to the band."""
    used, images, samples, valid = [], [], [], []
    for window in windows:
        image = scene.read(window)
        seen = {m: ~np.isnan(x[0]) for m, x in image.items()}
        present = tuple(m for m, mask in seen.items() if mask.any())
        if not present:
            continue  # stays nodata
        mask = np.any(list(seen.values()), axis=0)
        meta = dict(
            present_modalities=present,
            img_shape=mask.shape,
            ori_shape=mask.shape,
        )
        used.append(window)
        images.append(image)
        samples.append(SegDataSample(metainfo=meta))
        valid.append(mask)
    if not used:
        return
    weighted = _weighted_probabilities(model, images, samples, len(band.sums))
    for window, values, mask in zip(used, weighted, valid, strict=True):
        band.add(window, values, mask)


def _weighted_probabilities(
    model: nn.Module,
    images: Sequence[Mapping[str, np.ndarray]],
    samples: Sequence[SegDataSample],
    num_classes: int,
) -> np.ndarray:
    """Predict images: (B, K, crop, crop), probability times weight."""
    inputs = {
        m: [torch.from_numpy(image[m]) for image in images] for m in images[0]
    }
    batch = model.data_preprocessor(
        dict(inputs=inputs, data_samples=list(samples))
    )
    metas = [s.metainfo for s in batch['data_samples']]
    logits: Tensor = model.encode_decode(batch['inputs'], metas)
    if logits.shape[1] != num_classes:
        raise ValueError(
            f'predict_scene: got {num_classes} class names, but the network '
            f'answers with {logits.shape[1]} channels: use the classes that '
            'it was trained on'
        )
    height, width = samples[0].metainfo['ori_shape']
    # the preprocessor may have padded at the bottom and right
    chances = logits[..., :height, :width].float().softmax(dim=1)
    weight = torch.from_numpy(window_weight(height)).to(chances)
    return (chances * weight[:, None] * weight).cpu().numpy()


def _write(
    band: MovingBand,
    end: int,
    plan: _Plan,
    writer: RowWriter,
    percent: RowWriter | None,
) -> None:
    """Write the rows of the band before scene row ``end``."""
    top = band.top
    if end <= top:
        return
    sums, valid = band.take(end)
    # A positive factor per pixel does not change which class is largest.
    ids = sums.argmax(axis=0).astype(np.uint8)
    ids[~valid] = NODATA
    writer.add(ids[None])
    if percent is not None:
        sums *= 100 / plan.row_weight[top:end, None]
        sums /= plan.column_weight
        rounded = np.rint(sums).astype(np.uint8)
        rounded[:, ~valid] = NODATA
        percent.add(rounded)


def _check(
    output: str | os.PathLike,
    probabilities: str | os.PathLike | None,
    rasters: Mapping[str, str],
    batch_size: int,
) -> None:
    if batch_size < 1:
        raise ValueError(
            f'predict_scene: batch_size must be at least 1, got {batch_size}'
        )
    targets = [Path(p) for p in (output, probabilities) if p is not None]
    for target in targets:
        if target.suffix.lower() not in ('.tif', '.tiff'):
            raise ValueError(
                f'predict_scene: maps are GeoTIFFs, got {target}: name a file '
                'that ends with .tif'
            )
    files = [Path(p).resolve() for p in [*targets, *rasters.values()]]
    if len(set(files[: len(targets)])) < len(targets) or set(
        files[: len(targets)]
    ) & set(files[len(targets) :]):
        raise ValueError(
            'predict_scene: maps must be written to files of their own, got '
            f'{[str(t) for t in targets]} with the rasters '
            f'{list(rasters.values())}'
        )
