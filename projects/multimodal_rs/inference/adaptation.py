"""Batch normalisation that adapts to a scene before it is mapped."""

import contextlib
import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from torch import nn

from multimodal_rs.inference.presence import filled
from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.specialists import networks_of
from multimodal_rs.inference.windowed import Windows, prepared
from multimodal_rs.utils.windows import Window
from multimodal_rs.weights.adapted_norms import (
    AdaptedNorms,
    measurable_batches,
)

MOST = 64  # windows of a scene that are looked at
HALF = 0.5  # of a window: less of a modality says little about the scene


@contextlib.contextmanager
def adapted_to_scene(
    model: nn.Module, scene: SceneRasters, windows: Windows
) -> Iterator[None]:
    """Normalise with statistics of a scene, as far as ``windows.adapt`` says.

    Up to 64 windows, spread evenly over the scene, are sent through the
    network before, without modalities of which less than half is valid there.
    Which they are depends on the scene and the size of a window alone, so
    that several processes find the same statistics.

    Args:
        model: A ``MultiModalEncoderDecoder`` on its device; it is set to
            evaluation mode, and has its own statistics after the block. So
            have its specialists.
        scene: The rasters.
        windows: How the scene is divided, and ``adapt``.

    Raises:
        ValueError: If one of them has no batch normalisation.
    """
    if not windows.adapt:
        yield
        return
    with contextlib.ExitStack() as stack:
        for network in networks_of(model):
            name = f'the specialist for {" and ".join(network.modalities)}'
            name = None if network is model else name
            norms = AdaptedNorms(network.eval(), windows.adapt, name)
            look = functools.partial(_look, network, scene, windows)
            stack.enter_context(norms.adapted(look))
        yield


def spread_windows(size: tuple[int, int], crop: int) -> list[Window]:
    """Spread windows evenly over a scene, none beyond its border.

    Args:
        size: (H, W) of the scene.
        crop: Height and width of a window; less where the scene is smaller.
    """
    per_side = int(MOST**0.5)
    starts = []
    for length in size:
        room = max(length - crop, 0)
        number = min(per_side, length // crop + 1)
        starts.append(np.unique(np.linspace(0, room, number).astype(int)))
    height, width = (min(crop, length) for length in size)
    return [
        Window(top, left, top + height, left + width)
        for top in starts[0].tolist()
        for left in starts[1].tolist()
    ]


def _look(model: nn.Module, scene: SceneRasters, windows: Windows) -> None:
    """Send windows through the network, a batch at a time.

    They have no gaps, as where the scene is mapped.
    """
    images, shares = [], []
    for window in spread_windows(scene.size, windows.crop):
        image = {
            m: x
            for m, x in scene.read(window).items()
            if m in model.modalities
        }
        masks = {m: ~np.isnan(x[0]) for m, x in image.items()}
        images.append({m: filled(x, masks[m]) for m, x in image.items()})
        shares.append({m: float(mask.mean()) for m, mask in masks.items()})
    every = list(zip(images, _present(shares), strict=True))
    images = [image for image, names in every if names]
    present = [names for _, names in every if names]
    for numbers in measurable_batches(present, windows.batch_size):
        inputs, metas = prepared(
            model,
            [images[n] for n in numbers],
            [present[n] for n in numbers],
        )
        model.encode_decode(inputs, metas)


def _present(shares: Sequence[Mapping[str, float]]) -> list[tuple[str, ...]]:
    """Choose which modalities windows have.

    Those of which at least half is valid; of one that no window has half of,
    anything counts.

    Args:
        shares: Per window and modality how much is valid, 0 to 1.
    """
    best = {m: max(window[m] for window in shares) for m in shares[0]}
    return [
        tuple(
            m
            for m, share in window.items()
            if share >= HALF or 0 < share and best[m] < HALF
        )
        for window in shares
    ]
