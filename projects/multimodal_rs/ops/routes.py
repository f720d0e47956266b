"""Routes: in which order a scan visits the pixels of one or several maps."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Route(NamedTuple):
    """One sequence of a two-dimensional scan.

    Attributes:
        source: Which of the maps is read.
        transposed: False reads row by row (w fastest), True column by column
            (h fastest).
        reversed: Read from the end to the start.
    """

    source: int
    transposed: bool
    reversed: bool


def cross_routes(num_sources: int = 1) -> tuple[Route, ...]:
    """Return the four directions of each of M maps.

    The order is VMamba's for one map (rows, columns, rows reversed, columns
    reversed) and MCF-Mamba's for two: for each direction all maps, first the
    forward, then the reversed ones.

    Args:
        num_sources: Number of maps M.

    Returns:
        4 M routes.
    """
    return tuple(
        Route(source, transposed, backwards)
        for backwards in (False, True)
        for transposed in (False, True)
        for source in range(num_sources)
    )


CROSS4 = cross_routes(1)
CROSS8 = cross_routes(2)


def check_routes(routes: Sequence[Sequence], num_sources: int) -> None:
    """Refuse routes that read maps that are not there.

    Raises:
        ValueError: With the offending route.
    """
    if not routes:
        raise ValueError('ss2d: routes is empty, expected at least one Route')
    for route in routes:
        if len(route) != 3 or not 0 <= route[0] < num_sources:
            raise ValueError(
                f'ss2d: route {tuple(route)} does not fit {num_sources} '
                'source map(s): expected (source, transposed, reversed) with '
                f'0 <= source < {num_sources}. Stack the maps on dimension 0 '
                'of x or use cross_routes(number of maps)'
            )


def positions(routes: tuple[Route, ...], height: int, width: int) -> Tensor:
    """Return where each route is at each time.

    Args:
        routes: K routes.
        height: H of the maps.
        width: W of the maps.

    Returns:
        (K, H * W) int64 on the CPU: row-major pixel index at time t. Its
        memory is shared between calls: do not write into it.
    """
    return torch.from_numpy(_positions(routes, height, width))


@lru_cache(maxsize=64)
def _positions(
    routes: tuple[Route, ...], height: int, width: int
) -> np.ndarray:
    # Not a tensor: one made in inference mode, or by torch's tracing of
    # shapes, must not be handed to later calls.
    grid = np.arange(height * width).reshape(height, width)
    sequences = []
    for route in routes:
        sequence = (grid.T if route.transposed else grid).ravel()
        sequences.append(sequence[::-1] if route.reversed else sequence)
    return np.stack(sequences)
