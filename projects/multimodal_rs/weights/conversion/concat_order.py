"""Order of the modalities in weights of a neck that concatenates them.

Names of tensors do not tell it: a network of the same modalities in another
order has the same names and shapes, and takes the weights without complaint.
"""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

STEM = re.compile(r'backbone\.stems\.([^.]+)\.')
# The layer of ConcatMLPNeck that reads all modalities.
JOINING = re.compile(r'neck\.(0\.)?levels\.\d+\.0\.weight')


def stem_order(state: Mapping[str, Tensor]) -> tuple[str, ...]:
    """List the modalities of a converted state dict in its order.

    A state dict is in the order in which its network was built, which is
    that of the concatenation.

    Args:
        state: Tensors under our keys.

    Returns:
        Names; empty if the network has no stem per modality.
    """
    found = map(STEM.match, state)
    return tuple(dict.fromkeys(match[1] for match in found if match))


def in_order(
    state: Mapping[str, Tensor], modalities: Sequence[str]
) -> dict[str, Tensor]:
    """Bring weights into the order of other modalities.

    Args:
        state: Tensors under our keys.
        modalities: The same modalities as :func:`stem_order` finds, in the
            order of the network that gets them.

    Returns:
        The tensors; the first layer of each level of the neck, (C, M C'),
        reads the modalities in their order.

    Raises:
        ValueError: If they are others.
    """
    order = stem_order(state)
    if sorted(order) != sorted(modalities):
        raise ValueError(
            f'the checkpoint has the modalities {list(order)}, expected '
            f'{list(modalities)}: choose a config that declares those of the '
            'checkpoint'
        )
    places = [order.index(name) for name in modalities]
    result = {
        key: tensor.unflatten(1, (len(order), -1))[:, places].flatten(1)
        if JOINING.fullmatch(key)
        else tensor
        for key, tensor in state.items()
    }

    def place(key: str) -> int:
        stem = STEM.match(key)
        return modalities.index(stem[1]) if stem else len(places)

    return {key: result[key] for key in sorted(result, key=place)}
