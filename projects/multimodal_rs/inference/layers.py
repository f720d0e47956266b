"""What is written of a mapped scene: a raster of its own for each layer."""

import colorsys
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from multimodal_rs.inference.windowed import Rows
from multimodal_rs.utils.labels import IGNORED

NODATA = IGNORED
Colour = tuple[int, int, int]
MOST = 7  # modalities whose subsets have a number below NODATA


@dataclass(frozen=True)
class Layer:
    """A raster of 8 bits, made of finished rows; 255 is nodata.

    Attributes:
        product: What it is, for the tags of the file.
        bands: Names of its bands.
        values: Makes (bands, rows, W) uint8 of finished rows.
        unit: Of its numbers; '' for classes.
        classes: Number -> name and colour, where numbers mean classes; empty
            for measures.
    """

    product: str
    bands: tuple[str, ...]
    values: Callable[[Rows], np.ndarray]
    unit: str = ''
    classes: Mapping[int, tuple[str, Colour]] = field(default_factory=dict)


def class_layer(
    classes: Sequence[str], palette: Sequence[Sequence[int]]
) -> Layer:
    """The map: train ids of the likeliest classes."""
    table = {
        i: (name, tuple(int(c) for c in colour))
        for i, (name, colour) in enumerate(zip(classes, palette, strict=True))
    }
    return Layer(
        'land-cover map',
        ('land cover',),
        lambda rows: rows.ids()[None],
        classes=table,
    )


def probability_layer(classes: Sequence[str]) -> Layer:
    """Probabilities of all classes in whole percents.

    They take a quarter of the room of floats.
    """
    return Layer(
        'class probabilities',
        tuple(classes),
        lambda rows: _percent(rows.probabilities(), rows.valid),
        unit='percent',
    )


def confidence_layer() -> Layer:
    """How sure the network is: probability of its answer, and margin."""
    return Layer(
        'confidence',
        ('confidence', 'margin'),
        lambda rows: _percent(_confidence(rows), rows.valid),
        unit='percent',
    )


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
    return Layer('modalities that answered', ('modalities',), _seen, '', table)


def _seen(rows: Rows) -> np.ndarray:
    return np.where(rows.valid, rows.seen, NODATA).astype(np.uint8)[None]


def _confidence(rows: Rows) -> np.ndarray:
    """Largest probability, and what it exceeds the second one by."""
    chances = rows.probabilities()
    best = chances.argmax(axis=0)[None]
    largest = np.take_along_axis(chances, best, axis=0)
    np.put_along_axis(chances, best, 0.0, axis=0)
    return np.concatenate([largest, largest - chances.max(axis=0)[None]])


def _percent(shares: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Round shares to whole percents, NODATA where there are none."""
    rounded = np.rint(100 * shares).astype(np.uint8)
    rounded[:, ~valid] = NODATA
    return rounded


def category_names(layer: Layer) -> list[str]:
    """Names by number, from 0 on; '' for numbers that mean nothing."""
    names = {number: name for number, (name, _) in layer.classes.items()}
    last = max(names, default=-1)
    return [names.get(i, '') for i in itertools.islice(range(256), last + 1)]
