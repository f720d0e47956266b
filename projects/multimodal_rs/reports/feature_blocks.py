"""What a network makes of one window: features, and weights of the fusion."""

from collections.abc import Mapping

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.inference.windowed import prepared
from multimodal_rs.reports import embed
from multimodal_rs.reports.page import Block, Gallery, Paragraph, Picture
from multimodal_rs.visualization.composites import composite
from multimodal_rs.visualization.features import principal_colours
from multimodal_rs.visualization.fusion import weight_map

SIDE = 384  # pixels of a picture


@torch.no_grad()
def feature_blocks(
    model: nn.Module,
    images: Mapping[str, np.ndarray],
    modalities: Mapping[str, Modality],
) -> list[Block]:
    """Draw images, features of the branches, and weights of the fusion.

    Args:
        model: A ``MultiModalEncoderDecoder`` in evaluation mode.
        images: (C_m, H, W) per modality, in the units after the value
            transforms, NaN where invalid; all that the network reads.
        modalities: Their declarations.

    Returns:
        Pictures per modality: the image, and the features of each level of
        its pyramid, where the network has a pyramid per modality; and its
        weight on each level, where the fusion neck has weights.
    """
    names = tuple(images)
    inputs, _ = prepared(model, [images], [names])
    pyramids = model.encode(model.select(inputs))
    blocks = []
    for name in names:
        drawn = composite(images[name], modalities[name])
        pictures = [Picture(embed.photograph(_grown(drawn)), f'{name}, image')]
        for level in pyramids.get(name, ()):
            pictures.append(_features(name, level[0]))
        blocks.append(Gallery(pictures))
    weigh = getattr(model.fusion, 'fusion_weights', None)
    if weigh is not None:
        size = next(iter(images.values())).shape[1:]
        for shares in weigh(pyramids):
            pictures = [_weight(m, w[0], size) for m, w in shares.items()]
            blocks.append(Gallery(pictures))
    if set(names) <= set(pyramids):
        text = (
            'One window in the middle of the scene. Features of a level are '
            'drawn in the three directions in which they vary most: cells of '
            'equal colour look alike to the network.'
        )
        blocks.insert(0, Paragraph(text))
    return blocks


def _features(name: str, level: Tensor) -> Picture:
    channels, height, width = level.shape
    colours = principal_colours(level.float().cpu().numpy())
    caption = f'{name}, {channels} features on {height} x {width} cells'
    return Picture(embed.drawing(_grown(colours)), caption)


def _weight(name: str, share: Tensor, size: tuple[int, int]) -> Picture:
    values = share.float().cpu().numpy()
    height, width = values.shape
    caption = (
        f'weight of {name} on {height} x {width} cells: mean '
        f'{values.mean():.2f}, deviation {values.std():.2f}; black 0, white 1'
    )
    return Picture(embed.drawing(_grown(weight_map(values, size))), caption)


def _grown(pixels: np.ndarray) -> np.ndarray:
    """Enlarge to about ``SIDE`` pixels, each pixel a square."""
    height, width = pixels.shape[:2]
    factor = max(SIDE // max(height, width), 1)
    size = width * factor, height * factor
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, Image.Resampling.NEAREST))
