"""Whether a map is right as often as its probabilities say.

Pixels are sorted into bins of equal width by the largest of their class
probabilities, the confidence. A network is calibrated if in each bin the
share of right pixels equals the mean confidence. Guo et al., "On Calibration
of Modern Neural Networks", ICML 2017.
"""

from dataclasses import dataclass

import numpy as np

from multimodal_rs.utils.labels import IGNORED

BINS = 20


@dataclass(frozen=True)
class Reliability:
    """Sums over the pixels of each bin of confidence; sums add up.

    Attributes:
        pixels: (bins,) int64.
        right: (bins,) int64, pixels whose class is the true one.
        confidence: (bins,) float64, sum of the confidences.
    """

    pixels: np.ndarray
    right: np.ndarray
    confidence: np.ndarray

    def __add__(self, other: 'Reliability') -> 'Reliability':
        return Reliability(
            self.pixels + other.pixels,
            self.right + other.right,
            self.confidence + other.confidence,
        )

    def mean_confidence(self) -> np.ndarray:
        """Compute the mean confidence, (bins,), NaN where no pixel is."""
        return _ratio(self.confidence, self.pixels)

    def accuracy(self) -> np.ndarray:
        """Compute the share of right pixels, (bins,), NaN if empty."""
        return _ratio(self.right, self.pixels)

    def share(self) -> np.ndarray:
        """Compute the share of all pixels, (bins,)."""
        return self.pixels / max(self.pixels.sum(), 1)

    def expected_error(self) -> float:
        """Compute the expected calibration error (ECE), 0 to 1.

        The mean of |accuracy - confidence| over the bins, weighted by their
        pixels; NaN without pixels.
        """
        total = self.pixels.sum()
        if not total:
            return float('nan')
        return float(np.abs(self.right - self.confidence).sum() / total)


def reliability(
    truth: np.ndarray,
    prediction: np.ndarray,
    confidence: np.ndarray,
    bins: int = BINS,
    ignore_index: int = IGNORED,
) -> Reliability:
    """Sort pixels into bins of confidence.

    Args:
        truth: Train ids of any shape.
        prediction: Predicted ids, same shape.
        confidence: Largest class probability, 0 to 1, same shape.
        bins: Number of bins between 0 and 1.
        ignore_index: Train id in ``truth`` that is not counted.

    Raises:
        ValueError: If the shapes differ, or a counted confidence is not
            within 0 and 1.
    """
    if not truth.shape == prediction.shape == confidence.shape:
        raise ValueError(
            'reliability: truth, prediction and confidence must have one '
            f'shape, got {truth.shape}, {prediction.shape} and '
            f'{confidence.shape}'
        )
    counted = truth != ignore_index
    sure = confidence[counted].astype(np.float64)
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError(
            'reliability: confidences must lie within 0 and 1, got '
            f'{sure.min()} to {sure.max()}: give probabilities, not logits'
        )
    right = truth[counted] == prediction[counted]
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    return Reliability(
        np.bincount(place, minlength=bins),
        np.bincount(place[right], minlength=bins),
        np.bincount(place, sure, minlength=bins),
    )


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    undefined = np.full(denominator.shape, np.nan)
    return np.divide(
        numerator, denominator, out=undefined, where=denominator > 0
    )
