"""Means and weights over the modalities that a sample has.

What stands in the maps of a missing modality does not matter, not even NaN. A
sample without any modality, which segmentors refuse, has the mean 0 and the
weights 0.
"""

from collections.abc import Mapping, Sequence

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

# Name of a modality -> (B,) bool, whether a sample has it; None: all have all.
Presence = Mapping[str, Tensor]


def mean_of_present(
    maps: Mapping[str, Tensor], presence: Presence | None = None
) -> Tensor:
    """Average over the modalities that a sample has.

    Args:
        maps: (B, ...) per modality, equal shapes.
        presence: (B,) bool per modality.

    Returns:
        (B, ...).
    """
    stacked = torch.stack(tuple(maps.values()), dim=1)
    if presence is None:
        return stacked.mean(dim=1)
    there = present_mask(tuple(maps), presence)
    there = there.reshape(*there.shape, *(1,) * (stacked.dim() - 2))
    number = there.sum(dim=1, keepdim=True).clamp(min=1)
    share = there.to(stacked) / number
    return (stacked.masked_fill(~there, 0) * share).sum(dim=1)


def weights_of_present(
    scores: Mapping[str, Tensor], presence: Presence | None = None
) -> Tensor:
    """Turn scores into weights that sum to one over what a sample has.

    Args:
        scores: (B, H, W) per modality.
        presence: (B,) bool per modality.

    Returns:
        (B, M, H, W), the softmax over the modalities; exactly 0 where a
        modality is missing.
    """
    stacked = torch.stack(tuple(scores.values()), dim=1)
    if presence is None:
        return stacked.softmax(dim=1)
    absent = ~present_mask(tuple(scores), presence)[..., None, None]
    lowest = torch.finfo(stacked.dtype).min
    weights = stacked.masked_fill(absent, lowest).softmax(dim=1)
    return weights.masked_fill(absent, 0)


def present_mask(names: Sequence[str], presence: Presence) -> Tensor:
    """(B, M) bool, in the order of the names."""
    return torch.stack([presence[m] for m in names], dim=1)


def hide_label_if_absent(
    sample: SegDataSample, modality: str, ignore_index: int
) -> SegDataSample:
    """Ignore all labels of a sample that lacks the modality."""
    if modality in sample.metainfo.get('present_modalities', (modality,)):
        return sample
    ignored = torch.full_like(sample.gt_sem_seg.data, ignore_index)
    return SegDataSample(
        metainfo=sample.metainfo, gt_sem_seg=PixelData(data=ignored)
    )
