"""How a person wants to see a modality."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Display:
    """Recipe of a picture.

    Attributes:
        bands: One band (grey) or three (red, green, blue), named like the
            modality's ``bands`` (``'component 1'``, ... where a step makes
            components of them). None takes the first three, or the first.
        range: (low, high) in the units after the value transforms, mapped to
            black and white.
        percentiles: (low, high) in percent of the valid pixels of a picture,
            for pictures that each need a stretch of their own.

    Without ``range`` and ``percentiles`` all pictures of the modality have
    the stretch that its ``mean`` and ``std`` give.
    """

    bands: tuple | None = None
    range: tuple[float, float] | None = None
    percentiles: tuple[float, float] | None = None


def shown_channels(
    display: Display, names: Sequence, where: str
) -> tuple[int, ...]:
    """Find the channels of a picture.

    Args:
        display: The recipe.
        names: Of all channels.
        where: Whose recipe it is, for messages.

    Raises:
        ValueError: If it names neither one channel nor three.
        KeyError: If it names one that is not there.
    """
    wanted = display.bands
    if wanted is None:
        return (0, 1, 2) if len(names) >= 3 else (0,)
    if len(wanted) not in (1, 3):
        raise ValueError(
            f'{where}: one band (grey) or three (red, green, blue), got '
            f'{list(wanted)}'
        )
    missing = [b for b in wanted if b not in names]
    if missing:
        raise KeyError(
            f'{where}: {missing} are not among the bands that are read, '
            f'{list(names)}'
        )
    return tuple(names.index(b) for b in wanted)
