"""Find a modality inside the channel stack."""

import numpy as np


def restore_bands(results: dict) -> np.ndarray:
    """Return ``results['img']`` as (H, W, C).

    OpenCV, in mmcv's Resize and mmseg's RandomRotate, drops the last axis of
    a stack with a single band; it is put back.
    """
    if results['img'].ndim == 2:
        results['img'] = results['img'][..., None]
    return results['img']


def channel_slice(results: dict, modality: str, who: str) -> slice:
    """Locate the channels of a modality in ``results['img']``.

    Args:
        results: Pipeline dict with ``modality_channels``.
        modality: Name of the modality.
        who: Name of the calling transform, for the error.

    Raises:
        KeyError: If the sample's dataset declares no such modality.
    """
    restore_bands(results)
    start = 0
    for name, channels in results['modality_channels'].items():
        if name == modality:
            return slice(start, start + channels)
        start += channels
    raise KeyError(
        f'{who}: unknown modality {modality!r}; the dataset declares '
        f'{list(results["modality_channels"])}'
    )
