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

    Raises:
        ValueError: If two keys get one name.
    """
    renamed, source_of, unmatched = {}, {}, []
    for key, tensor in state.items():
        for pattern, replacement in rules:
            match = re.match(pattern, key)
            if match:
                ours = match.expand(replacement) + key[match.end() :]
                if ours in renamed:
                    raise ValueError(
                        f'{source_of[ours]!r} and {key!r} would both become '
                        f'{ours!r}, and one of them would be lost. Expected '
                        'a name of its own for each tensor: the checkpoint '
                        'is of another network than these rules are for'
                    )
                renamed[ours], source_of[ours] = tensor, key
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
