"""Batch normalisation that adapts to a scene before it is mapped."""

import contextlib
import functools
from collections.abc import Iterator

import numpy as np
from torch import nn

from multimodal_rs.inference.rasters import SceneRasters
from multimodal_rs.inference.specialists import networks_of
from multimodal_rs.inference.windowed import Windows, prepared
from multimodal_rs.utils.windows import Window
from multimodal_rs.weights.adapted_norms import (
    AdaptedNorms,
    measurable_batches,
)

MOST = 64  # windows of a scene that are looked at


@contextlib.contextmanager
def adapted_to_scene(
    model: nn.Module, scene: SceneRasters, windows: Windows
) -> Iterator[None]:
    """Normalise with statistics of a scene, as far as ``windows.adapt`` says.

    Up to 64 windows, spread evenly over the scene, are sent through the
    network before. Which they are depends on the scene and the size of a
    window alone, so that several processes find the same statistics.

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
    """Send windows through the network, a batch at a time."""
    images, present = [], []
    for window in spread_windows(scene.size, windows.crop):
        image = scene.read(window)
        names = tuple(
            m
            for m, x in image.items()
            if m in model.modalities and not np.isnan(x[0]).all()
        )
        if names:
            images.append(image)
            present.append(names)
    for numbers in measurable_batches(present, windows.batch_size):
        inputs, metas = prepared(
            model,
            [images[n] for n in numbers],
            [present[n] for n in numbers],
        )
        model.encode_decode(inputs, metas)
