"""Overlapping windows over a scene, predicted and blended row by row.

Class probabilities of overlapping windows are averaged with a weight that
falls towards the border of a window. Windows reach (crop - stride) / 2 pixels
beyond the scene, which is mirrored there; a scene that fits into one window
is mirrored to its size. Every pixel is answered by the modalities that are
valid there (see ``presence.py``): a window in which one of them ends is
predicted once with it and once without, by the network that knows best what
is there (see ``specialists.py``).

A network that declares its margin sees windows that are not blended, each of
which answers for some pixels (see ``plan.py``).
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from multimodal_rs.datasets.io.raster import raster_session
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.blending import MovingBand, axis_starts
from multimodal_rs.inference.plan import Plan
from multimodal_rs.inference.presence import answering, filled
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.specialists import network_for, networks_of
from multimodal_rs.models.neighbourhood import WANTED, margin_of
from multimodal_rs.utils.background import in_background
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.progress import progress_bar
from multimodal_rs.utils.stopwatch import Stopwatch
from multimodal_rs.utils.windows import Window

# Number of a window in its batch, modalities that answer, and where.
_Question = tuple[int, tuple[str, ...], np.ndarray]
PARTS = ('reading', 'network', 'blending', 'writing')


@dataclass(frozen=True)
class Windows:
    """How a scene is divided and predicted.

    Attributes:
        crop: Height and width of a window in pixels, best as in training.
        stride: Pixels between windows, at most ``crop``. Half of it sees
            every pixel four times, ``crop`` sees it once and does not blend.
            Of a network that declares its margin it is smaller, see
            :func:`multimodal_rs.inference.plan.fitting_stride`.
        batch_size: Windows in the network at once.
        adapt: How much of the statistics of batch normalisation is measured
            in the scene, 0 to 1; the rest is that of the training. See
            :mod:`multimodal_rs.weights.adapted_norms`.

    Raises:
        ValueError: If a number is too small, or windows would leave gaps.
    """

    crop: int = 256
    stride: int = 128
    batch_size: int = 4
    adapt: float = 0.0

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(
                f'batch_size must be at least 1, got {self.batch_size}'
            )
        axis_starts(1, self.crop, self.stride)  # checks the stride


@dataclass(frozen=True)
class Rows:
    """Finished rows of a map.

    Attributes:
        top: Scene row of the first one.
        sums: (K, rows, W) float32, weighted probabilities of all windows.
        seen: (rows, W) uint16, a bit per raster of the scene, the first one
            the lowest: whether it has data there.
        row_weight: (rows,) total weight of every row; that of a pixel is the
            product of its row's and its column's.
        column_weight: (W,) likewise.
    """

    top: int
    sums: np.ndarray
    seen: np.ndarray
    row_weight: np.ndarray
    column_weight: np.ndarray

    @property
    def valid(self) -> np.ndarray:
        """(rows, W), whether any modality has data."""
        return self.seen > 0

    def ids(self) -> np.ndarray:
        """Get the likeliest classes: (rows, W) uint8, 255 without data."""
        # A positive factor per pixel does not change which class is largest.
        ids = self.sums.argmax(axis=0).astype(np.uint8)
        ids[~self.valid] = IGNORED
        return ids

    def probabilities(self) -> np.ndarray:
        """Get (K, rows, W) float32; where no data is they mean nothing."""
        scale = 1 / self.row_weight[:, None]
        return self.sums * scale / self.column_weight


def predict_rows(
    model: nn.Module,
    scene: SceneRasters,
    num_classes: int,
    windows: Windows,
    progress: bool = False,
    stopwatch: Stopwatch | None = None,
    part: tuple[int, int] | None = None,
) -> Iterator[Rows]:
    """Classify a scene window by window; a thread reads ahead.

    Close the iterator before the scene, with ``contextlib.closing``.

    Args:
        model: A ``MultiModalEncoderDecoder`` on its device; it is set to
            evaluation mode, and so are its specialists.
        scene: The rasters.
        num_classes: How many classes the network tells apart.
        windows: How to divide the scene.
        progress: Whether to say how far it is.
        stopwatch: Gets the seconds of ``PARTS``, without the writing.
        part: Only rows [first, end) of the scene; they are the same as if
            all were predicted. None: all.

    Yields:
        The rows, from top to bottom.

    Raises:
        ValueError: If a raster is damaged, the number of classes another, or
            windows too small for the margin of the network.
        FloatingPointError: If an answer of the network is not finite.
    """
    for network in networks_of(model):
        network.eval()
    begin, last = part or (0, scene.size[0])
    crop, stride, margin = windows.crop, windows.stride, margin_of(model)
    plan = Plan.of(scene.size, crop, stride, margin).only(begin, last)
    watch = stopwatch or Stopwatch(PARTS)
    band = MovingBand(num_classes, plan.band_height, scene.size[1])
    band.top = plan.top

    def read(item: tuple[list[Window], int]) -> tuple[int, list[_Image], int]:
        with watch.timed('reading'):
            images = [_read(scene, plan, window) for window in item[0]]
        # What nobody sees stays nodata.
        return len(images), [i for i in images if i.answers], item[1]

    batches = in_background(
        read, plan.rows(windows.batch_size), held=raster_session
    )
    with (
        progress_bar('windows', plan.count, progress) as advance,
        contextlib.closing(batches),
    ):
        for count, images, end in batches:
            with watch.timed('network'):
                values = _weighted_probabilities(
                    model, images, plan, num_classes, windows.batch_size
                )
            _check_finite(scene, images, values)
            with watch.timed('blending'):
                for image, value in zip(images, values, strict=True):
                    band.add(image.window, value, image.seen)
                rows = _finished(plan, band, end)
            advance(count)
            if rows is not None:
                yield rows


def network_modalities(model: nn.Module) -> dict[str, Modality]:
    """Declarations of what a network reads; its dataset may have more."""
    declared = model.data_preprocessor.modalities
    return {m: declared[m] for m in model.modalities}


def _finished(plan: Plan, band: MovingBand, end: int) -> Rows | None:
    """Take the rows before ``end`` out of a band, if any are wanted."""
    top = band.top
    if end <= top:
        return None
    sums, seen = band.take(end)
    first = max(plan.begin, top)  # what lies above lacks windows
    if end <= first:
        return None
    return Rows(
        first,
        sums[:, first - top :],
        seen[first - top :],
        plan.down.total[first:end],
        plan.across.total,
    )


class _Image(NamedTuple):
    """What was read for a window.

    Attributes:
        window: Its place.
        data: Per modality (C, h, w), without gaps; NaN if nothing of it is
            valid.
        seen: (h, w) uint16, as in ``Rows``.
        answers: Modalities that answer together -> where, (h, w) bool.
    """

    window: Window
    data: dict[str, np.ndarray]
    seen: np.ndarray
    answers: dict[tuple[str, ...], np.ndarray]


def _read(scene: SceneRasters, plan: Plan, window: Window) -> _Image:
    around = plan.around(window)
    data = scene.read(around)
    masks = {m: ~np.isnan(x[0]) for m, x in data.items()}
    seen = np.zeros(next(iter(masks.values())).shape, np.uint16)
    for bit, mask in enumerate(masks.values()):
        seen |= mask.astype(np.uint16) << bit
    inside = window.seen_from(around).slices
    data = {
        m: filled(x, masks[m])[(slice(None), *inside)] for m, x in data.items()
    }
    counts = np.zeros_like(seen[inside], bool)
    counts[plan.answered(window)] = True
    answers = {
        names: where[inside] & counts
        for names, where in answering(masks).items()
        if (where[inside] & counts).any()
    }
    return _Image(window, data, seen[inside], answers)


def _check_finite(
    scene: SceneRasters, images: Sequence[_Image], values: np.ndarray
) -> None:
    """Refuse answers (B, K, h, w) that are not finite."""
    for image, value in zip(images, values, strict=True):
        if not np.isfinite(value).all():
            raise FloatingPointError(
                scene.not_finite_at(image.window, image.data)
            )


def prepared(
    model: nn.Module,
    images: Sequence[Mapping[str, np.ndarray]],
    present: Sequence[tuple[str, ...]],
) -> tuple[dict[str, Tensor], list[dict]]:
    """Prepare windows for a network as its preprocessor does in testing.

    Args:
        model: With a ``data_preprocessor``.
        images: Per window (C_m, H, W) for each modality, NaN where invalid;
            what the network does not read is left out.
        present: Per window the modalities that have data.

    Returns:
        (B, C_m, H, W) for each modality, on the device of the network, and
        the metainfo of each window.
    """
    shape = next(iter(images[0].values())).shape[1:]
    inputs = {
        m: [torch.from_numpy(image[m]) for image in images]
        for m in images[0]
        if m in model.modalities
    }
    samples = [
        SegDataSample(
            metainfo=dict(
                present_modalities=names, img_shape=shape, ori_shape=shape
            )
        )
        for names in present
    ]
    batch = model.data_preprocessor(dict(inputs=inputs, data_samples=samples))
    return batch['inputs'], [s.metainfo for s in batch['data_samples']]


def _weighted_probabilities(
    model: nn.Module,
    images: Sequence[_Image],
    plan: Plan,
    num_classes: int,
    batch_size: int,
) -> np.ndarray:
    """Predict images: (B, K, h, w), probability times weight."""
    shape = images[0].seen.shape if images else (0, 0)
    total = np.zeros((len(images), num_classes, *shape), np.float32)
    asked = [
        (number, names, where)
        for number, image in enumerate(images)
        for names, where in image.answers.items()
    ]
    for network, part in _batches(model, asked, batch_size):
        values = _answers(
            network,
            [images[number].data for number, _, _ in part],
            [names for _, names, _ in part],
            [where for _, _, where in part],
            plan.weights,
            num_classes,
        )
        for (number, _, where), value in zip(part, values, strict=True):
            np.copyto(total[number], value, where=where)
    return total


def _batches(
    model: nn.Module, asked: Sequence[_Question], batch_size: int
) -> Iterator[tuple[nn.Module, Sequence[_Question]]]:
    """Divide what is asked among a network and its specialists."""
    for network in networks_of(model):
        own = [q for q in asked if network_for(model, q[1]) is network]
        for first in range(0, len(own), batch_size):
            yield network, own[first : first + batch_size]


@torch.no_grad()
def _answers(
    model: nn.Module,
    images: Sequence[Mapping[str, np.ndarray]],
    present: Sequence[tuple[str, ...]],
    wanted: Sequence[np.ndarray],
    weights: tuple[np.ndarray, np.ndarray],
    num_classes: int,
) -> np.ndarray:
    """Ask a network: (B, K, h, w), probability times weight."""
    shape = next(iter(images[0].values())).shape[1:]
    inputs, metas = prepared(model, images, present)
    metas = [
        {**meta, WANTED: torch.from_numpy(where)}
        for meta, where in zip(metas, wanted, strict=True)
    ]
    logits: Tensor = model.encode_decode(inputs, metas)
    if logits.shape[1] != num_classes:
        raise ValueError(
            f'got {num_classes} class names, but the network '
            f'answers with {logits.shape[1]} channels: use the classes that '
            'it was trained on'
        )
    height, width = shape
    # the preprocessor may have padded at the bottom and right
    chances = logits[..., :height, :width].float().softmax(dim=1)
    rows, columns = (torch.from_numpy(x).to(chances) for x in weights)
    return (chances * rows[:, None] * columns).cpu().numpy()
