"""Whether a network finds the displacement that was simulated."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage


class Agreement(NamedTuple):
    """How alike two fields of vectors are.

    Attributes:
        correlation: Pearson's, of both components together, each without its
            mean: a constant shift neither helps nor harms. NaN where one of
            the fields is constant.
        slope: Regression of the found on the simulated vectors: 1 if it is
            found in full, 0 if not at all.
        found_length: Mean length of the found vectors, in pixels.
        simulated_length: Likewise.
        places: Number of vectors.
    """

    correlation: float
    slope: float
    found_length: float
    simulated_length: float
    places: int


def agreement(found: np.ndarray, simulated: np.ndarray) -> Agreement:
    """Compare two lists of vectors, (P, 2) each, in pixels.

    Raises:
        ValueError: If they have different shapes.
    """
    if found.shape != simulated.shape or found.shape[1:] != (2,):
        raise ValueError(
            'agreement: expected two arrays (P, 2), got '
            f'{found.shape} and {simulated.shape}'
        )
    one, two = (x - x.mean(axis=0) for x in (found, simulated))
    common, own, other = (
        (a * b).sum()
        for a, b in (
            (one, two),
            (one, one),
            (two, two),
        )
    )
    both = float(np.sqrt(own * other))
    return Agreement(
        correlation=float(common) / both if both > 0 else float('nan'),
        slope=float(common / other) if other > 0 else float('nan'),
        found_length=float(np.hypot(*found.T).mean()),
        simulated_length=float(np.hypot(*simulated.T).mean()),
        places=len(found),
    )


def mean_offset(offsets: np.ndarray, gates: np.ndarray) -> np.ndarray:
    """Average where a cell samples, by how much each sample counts.

    Args:
        offsets: (..., K, 2).
        gates: (..., K), positive.

    Returns:
        (..., 2).
    """
    shares = gates / gates.sum(axis=-1, keepdims=True)
    return (shares[..., None] * offsets).sum(axis=-2)


def read_field(field: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read a simulated displacement between the pixels.

    Args:
        field: (2, H, W) in (rows, columns), as the simulator writes it.
        places: (P, 2), x and y in pixels.

    Returns:
        (P, 2), x and y.
    """
    at = places.T[::-1]
    rows, columns = (
        ndimage.map_coordinates(part, at, order=1, mode='nearest')
        for part in field
    )
    return np.stack([columns, rows], axis=-1)
