"""Dropout of whole modalities."""

import zlib
from collections.abc import Mapping

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
        wrong = {n: p for n, p in probs.items() if not 0 <= p <= 1}
        if wrong:
            raise ValueError(
                f'ModalityDropout: probabilities must be in [0, 1], got '
                f'{wrong}'
            )
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
        kept = [n for n in present if random.rand() >= self.probs.get(n, 0)]
        if not kept:
            kept = [present[random.randint(len(present))]]
        for name in set(present) - set(kept):
            results['img'][..., slices[name]] = np.nan
        results['present_modalities'] = tuple(kept)
        return results
