"""Rasters of a scene whose axes stand in another order than the others'."""

from collections import Counter
from collections.abc import Mapping


def turned(shapes: Mapping[str, tuple[int, int, int]]) -> list[str]:
    """Name the rasters that would fit the others with their axes turned.

    Args:
        shapes: Name -> (bands, H, W) as it was read; not all have one size.

    Returns:
        The smallest number of them with which all would have one size; empty
        if that is not the reason.
    """
    found = []
    for _, *size in shapes.values():
        if all(Counter(size) <= Counter(s) for s in shapes.values()):
            found.append([n for n, s in shapes.items() if [*s[1:]] != size])
    return min(found, key=len, default=[])
