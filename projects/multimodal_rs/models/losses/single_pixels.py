"""Losses that have no value for a single pixel."""


def refuse_single_pixels(who: str, reduction_override: str | None) -> None:
    """Refuse what mmseg's pixel samplers ask a loss for.

    Args:
        who: Name of the loss, for the error.
        reduction_override: As the loss is called with it.

    Raises:
        ValueError: If it is not None.
    """
    if reduction_override is not None:
        raise ValueError(
            f'{who}: reduction_override must be None, got '
            f'{reduction_override!r}: the loss is one of all pixels together. '
            'An OHEMPixelSampler asks for that of each pixel unless it has a '
            'threshold: set `thresh` of the sampler'
        )
