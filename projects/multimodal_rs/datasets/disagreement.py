"""Comparison of two declarations of the same data."""

from collections.abc import Mapping
from typing import NamedTuple

from multimodal_rs.datasets.fitted_values import without_fits
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.utils.plain import plain

LEARNT = ('bands', 'values', 'mean', 'std')  # what weights depend on


class Disagreement(NamedTuple):
    """Something that two declarations of the same data say differently."""

    what: str
    ours: object
    theirs: object


def disagreement(
    ours: Mapping[str, Modality], theirs: Mapping[str, Modality]
) -> Disagreement | None:
    """Compare what weights depend on; files may differ in the rest.

    Steps that are measured on training pixels are compared as a config names
    them: only the data of a run, and its checkpoint, know their numbers.

    Returns:
        The first attribute that differs; None: there is none.
    """
    if set(ours) != set(theirs):
        return Disagreement('modalities', list(ours), list(theirs))
    for name, modality in ours.items():
        for attribute in LEARNT:
            mine, other = (
                _comparable(m, attribute) for m in (modality, theirs[name])
            )
            if mine != other:
                return Disagreement(f'{attribute} of {name}', mine, other)
    return None


def _comparable(modality: Modality, attribute: str) -> object:
    value = getattr(modality, attribute)
    return plain(without_fits(value) if attribute == 'values' else value)
