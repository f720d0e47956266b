"""Arrays to colours: modalities, class maps, errors.

Everywhere a hatch means "nothing here": an invalid pixel of a modality, an
ignored pixel of a label. No measurement and no class can look like it.
"""

from collections.abc import Sequence

import numpy as np

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.utils.labels import IGNORED

RIGHT = (244, 244, 244)
WRONG = (214, 39, 40)
HATCH_GROUND = (226, 226, 226)
HATCH_LINE = (150, 150, 150)
HATCH_PERIOD = 10  # pixels
HATCH_WIDTH = 2
SAMPLE = 1_000_000  # pixels that percentiles are taken from
USUAL_PERCENTILES = (2.0, 98.0)
SPREAD = 2.0  # standard deviations from the mean to black and to white
MOSTLY_ABOVE_0 = 0.5  # standard deviations from 0 to the mean, at least


def composite(data: np.ndarray, modality: Modality) -> np.ndarray:
    """Draw a modality by its display recipe.

    Colours can be compared between tiles, and open water is as dark as it is,
    where one stretch serves the whole set: a fixed ``range``, or else two
    standard deviations around the mean of each band, which also removes the
    blue haze of top-of-atmosphere reflectance and the offset between
    polarisations. ``percentiles`` are those of the picture, band by band:
    taken if the declaration asks for them, or if it has no mean and std.

    Args:
        data: (C, H, W) float32 in the units after the value transforms, NaN
            where invalid.
        modality: Its declaration.

    Returns:
        (H, W, 3) uint8 RGB, hatched where a displayed band is not finite.

    Raises:
        ValueError: If ``data`` has not the declared number of bands.
    """
    if data.ndim != 3 or data.shape[0] != modality.channels:
        raise ValueError(
            f'composite: {modality.name} must be (C, H, W) with the '
            f'{modality.channels} bands {list(modality.bands)}, got shape '
            f'{data.shape}'
        )
    bands = data[list(modality.display_indices)]  # a copy, (1 or 3, H, W)
    valid = np.isfinite(bands).all(axis=0)
    low, high = _limits(bands[:, valid], modality)
    bands[:, ~valid] = 0
    bands -= low
    bands *= 255 / np.where(high > low, high - low, 1)
    np.clip(bands, 0, 255, out=bands)
    channels = np.broadcast_to(np.rint(bands), (3, *valid.shape))
    picture = np.ascontiguousarray(channels.transpose(1, 2, 0), np.uint8)
    return _hatched(picture, ~valid)


def colorize(
    label: np.ndarray,
    palette: Sequence[Sequence[int]],
    ignore: int = IGNORED,
) -> np.ndarray:
    """Draw a class map in the dataset's colours.

    Args:
        label: (H, W) train ids.
        palette: (R, G, B) of every class.
        ignore: Id that is hatched.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If an id has no colour.
    """
    ignored = label == ignore
    known = np.where(ignored, 0, label)
    if known.size and not 0 <= known.min() <= known.max() < len(palette):
        raise ValueError(
            f'colorize: class ids must be 0 to {len(palette) - 1} (the '
            f'palette has {len(palette)} colours) or {ignore}, got '
            f'{np.unique(label).tolist()}'
        )
    return _hatched(np.asarray(palette, np.uint8)[known], ignored)


def error_map(
    label: np.ndarray, prediction: np.ndarray, ignore: int = IGNORED
) -> np.ndarray:
    """Draw where a prediction is right (near white) and wrong (red).

    Args:
        label: (H, W) train ids.
        prediction: (H, W) train ids.
        ignore: Label that does not count; it is hatched.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If the two have different sizes.
    """
    if label.shape != prediction.shape:
        raise ValueError(
            'error_map: label and prediction must have one size, got '
            f'{label.shape} and {prediction.shape}'
        )
    wrong = (label != prediction).astype(np.uint8)
    picture = np.array((RIGHT, WRONG), np.uint8)[wrong]
    return _hatched(picture, label == ignore)


def hatch(height: int, width: int) -> np.ndarray:
    """Draw diagonal stripes, (H, W, 3) uint8."""
    diagonals = np.add.outer(np.arange(height), np.arange(width))
    line = (diagonals % HATCH_PERIOD < HATCH_WIDTH).astype(np.uint8)
    return np.array((HATCH_GROUND, HATCH_LINE), np.uint8)[line]


def _hatched(picture: np.ndarray, where: np.ndarray) -> np.ndarray:
    if where.any():
        picture[where] = hatch(*where.shape)[where]
    return picture


def _limits(
    values: np.ndarray, modality: Modality
) -> tuple[np.ndarray, np.ndarray]:
    """Values that become black and white, (bands, 1, 1) each.

    Args:
        values: (bands, N) valid pixels.
        modality: Its declaration.
    """
    bands, display = len(values), modality.display
    measured = modality.mean is not None and modality.std is not None
    if display.range is not None:
        limits = np.repeat(np.array([display.range]).T, bands, axis=1)
    elif measured and display.percentiles is None:
        limits = _limits_of_set(modality)
    elif values.size == 0:
        limits = np.zeros((2, bands))
    else:
        some = values[:, :: -(-values.shape[1] // SAMPLE)]
        percentiles = display.percentiles or USUAL_PERCENTILES
        limits = np.percentile(some, percentiles, axis=1)
    low, high = limits.astype(np.float32)[..., None, None]
    return low, high


def _limits_of_set(modality: Modality) -> np.ndarray:
    """Black and white of every displayed band, (2, bands), by its statistics.

    Clouds make the deviation of reflectances as large as their mean. Nothing
    is below 0 then, and few are far above the mean: black is 0 and white one
    deviation above the mean, or all land would be a mist of grey.
    """
    shown = list(modality.display_indices)
    mean, std = np.array([modality.mean, modality.std])[:, shown]
    low, high = mean - SPREAD * std, mean + SPREAD * std
    skewed = (low < 0) & (mean >= MOSTLY_ABOVE_0 * std)
    return np.where(skewed, [np.zeros_like(low), mean + std], [low, high])
