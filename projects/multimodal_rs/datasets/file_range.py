"""Notice files whose numbers are far from those that a network was trained on.

Another unit (reflectance 0..1 for 0..10000, power for decibels, 8-bit
pictures) changes a map without an error. Compared are the numbers of the
files, before ``values``: clipping would hide what is wrong. Of the training
the 1st and the 99th percentile of every band are kept.

A band is far off if its median lies outside that range, and either by more
than the width of the range or with nearly no spread (1/30 of the width): that
is a shrunken unit beside zero. A file is far off if half of its bands are, as
a unit concerns all of them, while water or snow move some. Snow, clouds, open
water or another season alone change medians and spreads far less: with the
range of all other files none of 5 + 5 scenes of Sentinel-2 (TerraMesh), 5 + 6
of Sentinel-1 (TerraMesh, Sen1Floods11) and 150 optical pictures of OMBRIA
was far off, and all scenes of Sentinel-1 and -2 were after a factor of 10000
or 1/10000, those of Sentinel-1 after turning decibels into power or
amplitude. Two of five elevation models were: they lie higher than the four
others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import Reading

FILE_RANGE = 'file_range'  # key in the meta of a checkpoint
PERCENTILES = (0.1, 1.0, 50.0, 99.0, 99.9)
LOW, HIGH = PERCENTILES.index(1.0), PERCENTILES.index(99.0)
MUCH_SPREAD = 1 / 30  # of the range; less beside it is another unit
FEWEST = 100  # pixels: fewer say nothing
BINS = 2**16
SIGN = np.uint16(0x8000)
ROUNDING = 1 / 128  # of a number, in percentiles that were counted by BINS


class ValueSketch:
    """Percentiles of any number of values, in one pass and little memory.

    Counts float32 numbers by their upper 16 bits: percentiles are right to
    0.8 percent (``ROUNDING``), whole numbers up to 256 exactly.

    Args:
        bands: Number of bands.
    """

    def __init__(self, bands: int) -> None:
        self.counts = np.zeros((bands, BINS), np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count numbers, (C, N) float32 without NaN."""
        upper = (values.astype(np.float32).view(np.uint32) >> 16).astype('u2')
        # In this order the bits of a larger number are larger.
        keys = np.where(upper & SIGN, ~upper, upper | SIGN)
        for counts, band in zip(self.counts, keys, strict=True):
            counts += np.bincount(band, minlength=BINS)

    def percentiles(self, percent: Sequence[float]) -> np.ndarray:
        """Get percentiles, (P, C); NaN without any number."""
        total = self.counts.sum(axis=1)
        ranks = np.outer(percent, total) / 100
        reached = self.counts.cumsum(axis=1)
        keys = np.array(
            [
                np.searchsorted(band, rank, side='left')
                for band, rank in zip(reached, ranks.T, strict=True)
            ]
        ).T
        keys = keys.clip(0, BINS - 1).astype(np.uint16)
        upper = np.where(keys & SIGN, keys ^ SIGN, ~keys)
        values = (upper.astype(np.uint32) << 16).view(np.float32)
        return np.where(total > 0, values.astype(np.float64), np.nan)

    def state(self) -> list[dict[str, int]]:
        """Get all counts, for JSON: per band, key -> count."""
        return [
            {str(key): int(band[key]) for key in np.flatnonzero(band)}
            for band in self.counts
        ]

    @classmethod
    def from_state(cls, state: Sequence[Mapping[str, int]]) -> 'ValueSketch':
        """Make it again from :meth:`state`."""
        sketch = cls(len(state))
        for band, counts in zip(sketch.counts, state, strict=True):
            for key, count in counts.items():
                band[int(key)] = count
        return sketch


def file_numbers(
    reading: Reading, modality: Modality, step: int = 1
) -> np.ndarray:
    """Get the valid numbers of a file, before ``values``.

    Args:
        reading: What was read.
        modality: Its declaration.
        step: Take every n-th row and column.

    Returns:
        (C, N) float32; scale and offset tags are applied as declared.
    """
    thin = (..., slice(None, None, step), slice(None, None, step))
    masked = reading.masked
    reading = reading._replace(
        data=reading.data[thin],
        masked=None if masked is None else masked[thin],
    )
    out = np.empty(reading.data.shape, np.float32)
    modality.as_stored.prepare(*reading, out=out)
    return out[:, ~np.isnan(out[0])]


def far_off(numbers: np.ndarray, modality: Modality) -> str:
    """Say whether numbers are far from those of the training.

    Args:
        numbers: (C, N), see :func:`file_numbers`.
        modality: Its declaration; without ``file_range`` nothing is.

    Returns:
        How far, for a message; empty: not far.
    """
    if modality.file_range is None or numbers.shape[1] < FEWEST:
        return ''
    low, high = np.array(modality.file_range, np.float64)
    width = high - low
    first, median, last = np.percentile(numbers, (1, 50, 99), axis=1)
    # What was kept may have been rounded towards 0.
    below = low - np.abs(low) * ROUNDING - median
    above = median - high - np.abs(high) * ROUNDING
    beside = np.maximum(below, above)  # > 0: outside
    spread = last - first
    far = (beside > 0) & ((beside > width) | (spread < width * MUCH_SPREAD))
    if 2 * np.count_nonzero(far) < len(far):
        return ''
    pairs = [f'{a:.4g} to {b:.4g}' for a, b in zip(low, high, strict=True)]
    unit = f' The unit is {modality.unit!r}.' if modality.unit else ''
    medians = ', '.join(f'{m:.4g}' for m in median[far])
    bands = [b for b, f in zip(modality.bands, far, strict=True) if f]
    usual = ', '.join(p for p, f in zip(pairs, far, strict=True) if f)
    return (
        f'the bands {bands} of {modality.name!r} have the medians {medians}, '
        f'far from what the network was trained on: {usual} (98 percent of '
        f'the pixels).{unit} The result is probably wrong: bring the file '
        'into the unit of the training data'
    )


def with_file_range(
    modalities: Mapping[str, Modality], ranges: Mapping[str, Sequence]
) -> dict[str, Modality]:
    """Complete declarations that do not say what numbers files have.

    Args:
        modalities: The declarations.
        ranges: Name -> ``file_range`` of a training; others are left out.
    """
    return {
        name: replace(modality, file_range=ranges[name])
        if modality.file_range is None and name in ranges
        else modality
        for name, modality in modalities.items()
    }
