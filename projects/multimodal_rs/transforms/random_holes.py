"""Wedges and holes in modalities, as scenes have them."""

import math
from collections.abc import Mapping

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from multimodal_rs.transforms.masking import (
    check_probabilities,
    draw_modalities,
)
from multimodal_rs.transforms.stack import channel_slice

WEDGE = 0.1, 0.7  # share of the tile
HOLES = 3  # at most
HOLE = 0.05, 0.25  # half axes, as share of the shorter side


@TRANSFORMS.register_module()
class RandomHoles(BaseTransform):
    """Cut a wedge or some holes out of modalities, never out of all.

    The swath of a sensor ends somewhere, in a straight line, and clouds or
    layover are masked in patches. What is cut out becomes NaN, as in a file;
    the network sees there what it sees in all invalid pixels, and the label
    stays, so that it learns to answer from the other modalities.

    Every second cut is a wedge, an edge in any direction with a tenth to
    seven tenths of the tile beyond it. The others are one to three ellipses.
    A cut that would leave nothing of a modality is not made.

    Required keys: ``img``, ``modality_channels``, ``present_modalities``.

    Args:
        probs (dict): Probability of cutting something out of each modality.
            If the draw would hit all present modalities, one of them, drawn
            uniformly, is spared.

    Raises:
        ValueError: If a probability is none.
        KeyError: If a sample has no such modality.
    """

    def __init__(self, probs: Mapping[str, float]) -> None:
        check_probabilities(probs, type(self).__name__)
        self.probs = dict(probs)

    def transform(self, results: dict) -> dict:
        """Cut parts out of one sample."""
        who = type(self).__name__
        slices = {m: channel_slice(results, m, who) for m in self.probs}
        present = results['present_modalities']
        for name in draw_modalities(self.probs, present):
            block = results['img'][..., slices[name]]
            hole = self._draw(block.shape[:2])
            if not (hole | np.isnan(block[..., 0])).all():
                block[hole] = np.nan
        return results

    def _draw(self, size: tuple[int, int]) -> np.ndarray:
        """Draw what is cut out, (H, W) bool."""
        rows, columns = np.ogrid[: size[0], : size[1]]
        if np.random.rand() < 0.5:
            angle = np.random.uniform(0, 2 * math.pi)
            across = rows * math.sin(angle) + columns * math.cos(angle)
            share = np.random.uniform(*WEDGE)
            return across > np.quantile(across, 1 - share)
        hole = np.zeros(size, bool)
        for _ in range(np.random.randint(1, HOLES + 1)):
            row, column = np.random.uniform(0, size)
            radii = np.random.uniform(*HOLE, 2) * min(size)
            inside = ((rows - row) / radii[0]) ** 2
            hole |= inside + ((columns - column) / radii[1]) ** 2 < 1
        return hole
