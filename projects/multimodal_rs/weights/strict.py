"""Weights that fit a network completely, or not at all."""

import os
from collections.abc import Mapping

from torch import Tensor, nn


def load_strictly(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    checkpoint: str | os.PathLike,
) -> None:
    """Load weights that fit the network completely.

    Raises:
        ValueError: If a tensor is missing, unknown or of another shape.
    """
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f'{checkpoint} does not fit the network of the config: use the '
            f'config that it was trained with. {_shortened(str(error))}'
        ) from error


def _shortened(text: str, limit: int = 600) -> str:
    text = ' '.join(text.split())
    return text if len(text) <= limit else text[:limit] + ' ...'
