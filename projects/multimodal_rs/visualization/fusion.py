"""Pictures of how modalities are fused: weights, and where is sampled."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.visualization.composites import composite
from multimodal_rs.visualization.panel import Picture, Row

MOVE = (255, 220, 0)
SAMPLE = (255, 70, 200)
CENTRE = 1.5  # radius of a dot, in pixels of the picture


def weight_map(weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw weights from 0 (black) to 1 (white).

    Args:
        weights: (h, w) of a level.
        size: (H, W) of the image.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    grey = np.rint(255 * np.clip(weights, 0, 1)).astype(np.uint8)
    image = Image.fromarray(grey).resize(size[::-1], Image.Resampling.NEAREST)
    return np.repeat(np.asarray(image)[..., None], 3, axis=2)


def draw_positions(
    image: np.ndarray,
    centres: np.ndarray,
    moves: np.ndarray,
    samples: np.ndarray | None,
    scale: int,
) -> np.ndarray:
    """Draw where regions have been found, and where cells sample.

    Args:
        image: (H, W, 3) uint8 RGB.
        centres: (P, 2), x and y of the regions, in pixels of the image.
        moves: (P, 2), displacement of each.
        samples: (P, K, 2), positions that are sampled; None: none are.
        scale: Pixels of the picture per pixel of the image.

    Returns:
        (scale * H, scale * W, 3): a line from each centre to where it has
        been found, dots where is sampled.
    """
    height, width = image.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(image)).resize(
        (scale * width, scale * height), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(picture)

    def place(position: np.ndarray) -> tuple[float, float]:
        return tuple(scale * (float(v) + 0.5) for v in position)

    for i, centre in enumerate(centres):
        draw.line([place(centre), place(centre + moves[i])], MOVE, 2)
        _dot(draw, place(centre), MOVE)
        for position in () if samples is None else samples[i]:
            _dot(draw, place(position), SAMPLE)
    return np.asarray(picture)


def fusion_row(
    title: str,
    images: Mapping[str, np.ndarray],
    modalities: Mapping[str, Modality],
    weights: Mapping[str, np.ndarray],
    positions: Mapping[str, Sequence[np.ndarray | None]],
    scale: int = 3,
) -> Row:
    """Put the pictures of a tile and a level in a row.

    Args:
        title: Id of the tile.
        images: (C, H, W) per modality, in the units after the value
            transforms, NaN where invalid.
        modalities: Declarations of these.
        weights: (h, w) per modality.
        positions: ``centres``, ``moves`` and ``samples`` per modality, see
            :func:`draw_positions`; empty where nothing is moved.
        scale: Pixels of the picture per pixel of the image.
    """
    drawn = {m: composite(x, modalities[m]) for m, x in images.items()}
    pictures = [Picture(m, pixels, smooth=True) for m, pixels in drawn.items()]
    for m, share in weights.items():
        size = images[m].shape[1:]
        note = f'mean {share.mean():.2f}, deviation {share.std():.2f}'
        pixels = weight_map(share, size)
        pictures.append(Picture(f'weight of {m}', pixels, note))
    for m, (centres, moves, samples) in positions.items():
        pixels = draw_positions(drawn[m], centres, moves, samples, scale)
        longest = np.hypot(*moves.T).max()
        note = f'lines up to {longest:.1f} pixels'
        pictures.append(Picture(f'positions in {m}', pixels, note))
    return Row(title, tuple(pictures))


def _dot(
    draw: ImageDraw.ImageDraw,
    place: tuple[float, float],
    colour: tuple[int, int, int],
) -> None:
    x, y = place
    box = (x - CENTRE, y - CENTRE, x + CENTRE, y + CENTRE)
    draw.ellipse(box, fill=colour)
