"""The channel stack that all modalities share between loading and packing."""

INSIDE = 1.0  # what the last band has where there is a tile


def channel_slice(results: dict, modality: str, who: str) -> slice:
    """Locate the channels of a modality in ``results['img']``.

    Args:
        results: Pipeline dict with ``modality_channels``.
        modality: Name of the modality.
        who: Name of the calling transform, for the error.

    Raises:
        KeyError: If the sample's dataset declares no such modality.
    """
    start = 0
    for name, channels in results['modality_channels'].items():
        if name == modality:
            return slice(start, start + channels)
        start += channels
    raise KeyError(
        f'{who}: unknown modality {modality!r}; the dataset declares '
        f'{list(results["modality_channels"])}'
    )
