"""Keys of a state dict, renamed by rules."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

Rules = Sequence[tuple[str, str]]


class Conversion(NamedTuple):
    """Result of a conversion.

    Attributes:
        state: Tensors under our keys.
        unmatched: Source keys that no rule knows.
        dropped: Source keys that are known and not needed.
    """

    state: dict[str, Tensor]
    unmatched: list[str]
    dropped: Sequence[str] = ()


def rename_keys(state: Mapping[str, Tensor], rules: Rules) -> Conversion:
    """Apply to each key the first rule whose pattern starts it.

    Args:
        state: Source tensors.
        rules: (regular expression, replacement of what it matched).
    """
    renamed, unmatched = {}, []
    for key, tensor in state.items():
        for pattern, replacement in rules:
            match = re.match(pattern, key)
            if match:
                rest = key[match.end() :]
                renamed[match.expand(replacement) + rest] = tensor
                break
        else:
            unmatched.append(key)
    return Conversion(renamed, unmatched)


def below(source: str, target: str, rules: Rules) -> list[tuple[str, str]]:
    """Apply rules to what lies below a module.

    Args:
        source: Regular expression of the module's name there.
        target: What stands before our names, with the dot.
        rules: For the names inside the module.
    """
    return [(rf'{source}\.{pattern}', target + r) for pattern, r in rules]
