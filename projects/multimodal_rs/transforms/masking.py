"""Dropout of whole modalities."""

import zlib
from collections.abc import Mapping, Sequence
from types import ModuleType

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from multimodal_rs.transforms.stack import channel_slice


@TRANSFORMS.register_module()
class ModalityDropout(BaseTransform):
    """Drop modalities at random, never all that the sample has.

    A dropped modality is absent in the same way as a missing file: the
    preprocessor makes it the black image and its own head gets no loss.

    Args:
        probs (dict): Probability of dropping each modality. If the draw would
            leave nothing, one of the present modalities, drawn uniformly,
            stays.
        fixed (int, optional): A seed: what a sample lacks is drawn from it
            and from the sample's id, and is the same whenever the sample is
            drawn, as in data that have gaps. None: drawn anew each time.
    """

    def __init__(
        self, probs: Mapping[str, float], fixed: int | None = None
    ) -> None:
        check_probabilities(probs, type(self).__name__)
        self.probs = dict(probs)
        self.fixed = fixed

    def transform(self, results: dict) -> dict:
        """Drop modalities of one sample."""
        slices = {
            name: channel_slice(results, name, type(self).__name__)
            for name in self.probs
        }
        present = results['present_modalities']
        random = np.random
        if self.fixed is not None:
            words = f'{self.fixed} {results["sample_id"]}'
            random = np.random.RandomState(zlib.crc32(words.encode()))
        dropped = draw_modalities(self.probs, present, random)
        for name in dropped:
            results['img'][..., slices[name]] = np.nan
        results['present_modalities'] = tuple(
            name for name in present if name not in dropped
        )
        return results


def check_probabilities(probs: Mapping[str, float], who: str) -> None:
    """Check probabilities of modalities.

    Args:
        probs: Name -> probability.
        who: Name of the transform, for the error.

    Raises:
        ValueError: If a probability is none.
    """
    wrong = {n: p for n, p in probs.items() if not 0 <= p <= 1}
    if wrong:
        raise ValueError(
            f'{who}: probabilities must be in [0, 1], got {wrong}'
        )


def draw_modalities(
    probs: Mapping[str, float],
    present: Sequence[str],
    random: ModuleType | np.random.RandomState = np.random,
) -> list[str]:
    """Draw modalities, each with its probability, but never all of them.

    If the draw would take all, one of them, drawn uniformly, is left out.

    Args:
        probs: Name -> probability; of others it is 0.
        present: What there is to draw from.
        random: Source of randomness.
    """
    drawn = [n for n in present if random.rand() < probs.get(n, 0)]
    if len(drawn) == len(present):
        del drawn[random.randint(len(present))]
    return drawn
