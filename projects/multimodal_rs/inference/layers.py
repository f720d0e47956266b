"""What is written of a mapped scene: a raster of its own for each layer."""

import colorsys
from collections.abc import Sequence

import numpy as np

from multimodal_rs.inference.maps import NODATA, Layer
from multimodal_rs.inference.windowed import Rows

MOST = 7  # modalities whose subsets have a number below NODATA


def class_layer(
    classes: Sequence[str], palette: Sequence[Sequence[int]]
) -> Layer:
    """The map: train ids of the likeliest classes."""
    table = {
        i: (name, tuple(int(c) for c in colour))
        for i, (name, colour) in enumerate(zip(classes, palette, strict=True))
    }
    return Layer('land-cover map', ('land cover',), classes=table)


def probability_layer(classes: Sequence[str]) -> Layer:
    """Probabilities of all classes in whole percents.

    They take a quarter of the room of floats.
    """
    return Layer('class probabilities', tuple(classes), 'percent')


def confidence_layer() -> Layer:
    """How sure the network is: probability of its answer, and margin."""
    return Layer('confidence', ('confidence', 'margin'), 'percent')


def answered_layer(modalities: Sequence[str]) -> Layer:
    """Which modalities have data, as a number for each subset.

    The number is a sum of 1, 2, 4, ...: one for each modality.

    Raises:
        ValueError: If there are more subsets than numbers of 8 bits.
    """
    if len(modalities) > MOST:
        raise ValueError(
            f'the map of which modalities answered can tell {MOST} of them '
            f'apart, got {list(modalities)}: leave that map out'
        )
    count = 2 ** len(modalities)
    table = {}
    for number in range(1, count):
        names = [m for i, m in enumerate(modalities) if number >> i & 1]
        hue = colorsys.hsv_to_rgb((number - 1) / (count - 1), 0.6, 0.85)
        table[number] = '+'.join(names), tuple(round(255 * c) for c in hue)
    return Layer('modalities that answered', ('modalities',), classes=table)


def class_values(rows: Rows) -> np.ndarray:
    """Make the band of :func:`class_layer`, (1, rows, W) uint8."""
    return rows.ids()[None]


def probability_values(rows: Rows) -> np.ndarray:
    """Make the bands of :func:`probability_layer`, (K, rows, W) uint8."""
    return _percent(rows.probabilities(), rows.valid)


def confidence_values(rows: Rows) -> np.ndarray:
    """Make the bands of :func:`confidence_layer`, (2, rows, W) uint8."""
    chances = rows.probabilities()
    best = chances.argmax(axis=0)[None]
    largest = np.take_along_axis(chances, best, axis=0)
    np.put_along_axis(chances, best, 0.0, axis=0)
    margin = largest - chances.max(axis=0)[None]
    return _percent(np.concatenate([largest, margin]), rows.valid)


def answered_values(rows: Rows) -> np.ndarray:
    """Make the band of :func:`answered_layer`, (1, rows, W) uint8."""
    return np.where(rows.valid, rows.seen, NODATA).astype(np.uint8)[None]


def _percent(shares: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Round shares to whole percents, NODATA where there are none."""
    rounded = np.rint(100 * shares).astype(np.uint8)
    rounded[:, ~valid] = NODATA
    return rounded
