"""Radiometry of other places: gains and offsets, drawn for every sample.

A network that has seen a few scenes learns their sun, season, calibration
and stretch along with the land. Gains and offsets that differ from sample to
sample take this away; what is left to learn are contrasts and shapes.
"""

import torch
from torch import Tensor

PROBABILITY = 0.8  # of changing a sample; some always stay as they are


def jittered(batch: Tensor, strength: float) -> Tensor:
    """Scale and shift the bands of a modality, every sample in its own way.

    ``x -> m + g (x - m) + o s`` with mean m and standard deviation s of each
    band over the batch, so that one strength suits all units. The gain g is
    the product of one for all bands, within 1 - strength / 2 and
    1 + strength / 2, and one for each, half as wide; the offset o is the sum
    of one for all bands, within -strength and strength, and one for each,
    half as wide. All are uniform, and drawn on the CPU, so that a run does
    not depend on the device.

    Args:
        batch: (B, C, H, W), NaN where invalid.
        strength: 0 to 1.

    Returns:
        (B, C, H, W), NaN as before.
    """
    number, channels = batch.shape[:2]
    common, single = (number, 1, 1, 1), (number, channels, 1, 1)
    gain = (1 + strength / 2 * _within_one(common)) * (
        1 + strength / 4 * _within_one(single)
    )
    offset = strength * (_within_one(common) + _within_one(single) / 2)
    acts = torch.rand(common) < PROBABILITY
    gain = torch.where(acts, gain, 1.0).to(batch)
    offset = torch.where(acts, offset, 0.0).to(batch)
    axes = (0, 2, 3)
    mean = batch.nanmean(axes, keepdim=True)
    std = (batch - mean).square().nanmean(axes, keepdim=True).sqrt()
    return mean + gain * (batch - mean) + offset * std


def _within_one(shape: tuple[int, ...]) -> Tensor:
    """Draw from -1 to 1."""
    return 2 * torch.rand(shape) - 1
