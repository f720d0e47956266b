"""The neck of DF2RQ as its tests build it."""

import torch
from mmseg.registry import MODELS

CHANNELS = (12, 20)
NAMES = ('opt', 'sar', 'dem')


def build(modalities=NAMES, moved=True, **changes):
    """A neck; ``moved``: away from its start, where much is 0."""
    neck = MODELS.build(
        dict(
            type='RegionQueryNeck',
            modalities=modalities,
            in_channels=CHANNELS,
            channels=16,
            region_sizes=(4, 2),
        )
        | changes
    )
    if moved:
        for parameter in neck.parameters():
            parameter.data += 0.2 * torch.randn_like(parameter)
    return neck
