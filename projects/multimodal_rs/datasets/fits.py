"""What was measured for the steps of ``values``: kept, and found again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from multimodal_rs.datasets.fitted_values import (
    is_fitted_kind,
    with_fits,
    without_fits,
)
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json
from multimodal_rs.utils.plain import plain

MOST = 1_000_000  # pixels that are measured; evenly spread if there are more
RENEWED = 'delete it, and let data_prep measure again'
# Attributes of a declaration on which the measured numbers depend.
READ = ('bands', 'file_bands', 'nodata', 'nodata_when', 'scale')


@dataclass(frozen=True)
class Fit:
    """The numbers of one modality.

    Attributes:
        declaration: Of what the numbers are, see :func:`declaration_key`.
        tiles: Of which training list, see :func:`tiles_key`.
        pixels: How many training pixels were measured.
        steps: For each step of ``values`` what was measured; None: nothing.
        places: Which pixels they were, see :func:`places_key`.
        values: What numbers the files had there, see :func:`values_key`.

    Note:
        Files from before there were ``places`` and ``values`` have neither
        (None). ``data_prep`` measures their numbers again; datasets take
        them, comparing the count of the pixels alone.
    """

    declaration: str
    tiles: str
    pixels: int
    steps: list[dict | None]
    places: str | None = None
    values: str | None = None

    def plain(self) -> dict:
        """Get everything as JSON holds it."""
        return asdict(self)


def fitted_names(declarations: Mapping[str, Mapping]) -> list[str]:
    """List the modalities with a step that has to be measured."""
    return [
        name
        for name, declaration in declarations.items()
        if any(map(is_fitted_kind, declaration.get('values') or ()))
    ]


def declaration_key(declaration: Mapping) -> str:
    """Identify what a modality reads and which steps follow."""
    read = {key: declaration.get(key) for key in READ}
    steps = without_fits(declaration.get('values') or ())
    return _hash([plain(read), plain(steps)])


def tiles_key(tiles: Sequence[str]) -> str:
    """Identify a list of tiles, by their ids."""
    return _hash(list(tiles))


def chosen_pixels(pixels: np.ndarray, tiles: int) -> np.ndarray:
    """Choose the pixels of a tile that are measured, (H, W) bool.

    Args:
        pixels: (H, W) bool, those that may be.
        tiles: How many tiles there are; together they have :data:`MOST`.
    """
    places = np.flatnonzero(pixels)
    thin = places[:: -(-len(places) * tiles // MOST) or 1]
    chosen = np.zeros(pixels.shape, bool)
    chosen.flat[thin] = True
    return chosen


def places_key(chosen: Sequence[np.ndarray]) -> str:
    """Identify the pixels that were measured.

    Args:
        chosen: (H, W) bool for each tile.
    """
    digest = hashlib.sha256()
    for pixels in chosen:
        digest.update(repr(pixels.shape).encode())
        digest.update(np.packbits(pixels).tobytes())
    return digest.hexdigest()


def values_key(numbers: np.ndarray) -> str:
    """Identify what the files had in the pixels that were measured.

    Args:
        numbers: (C, N), of the valid ones.
    """
    digest = hashlib.sha256(repr(numbers.shape).encode())
    digest.update(np.ascontiguousarray(numbers, '<f4').tobytes())
    return digest.hexdigest()


def stored_fits(
    stats: Path, declarations: Mapping[str, Mapping]
) -> dict[str, Fit]:
    """Look up what ``data_prep`` has measured.

    Args:
        stats: The ``stats.json`` beside the split lists; may be missing.
        declarations: Of the modalities, as a config has them.

    Returns:
        Of the modalities that need it and were measured: name -> numbers.
    """
    names = fitted_names(declarations)
    if not names or not stats.is_file():
        return {}
    keys = {name: declaration_key(declarations[name]) for name in names}
    found = {}
    content = read_json(stats, RENEWED)
    with reading(stats, f'numbers of steps: {RENEWED}'):
        for entry in content.values():
            for name, fit in entry.get('fits', {}).items():
                if fit['declaration'] == keys.get(name):
                    found[name] = Fit(**fit)
    return found


def steps_of(declarations: Mapping[str, Mapping]) -> dict[str, list]:
    """Get the numbers that declarations hold, per modality and step.

    Returns:
        Only of modalities all of whose steps are complete.
    """
    found = {}
    for name in fitted_names(declarations):
        values = declarations[name]['values']
        steps = [
            plain(step.get('fit')) if is_fitted_kind(step) else None
            for step in values
        ]
        pairs = zip(values, steps, strict=True)
        if all(f is not None for s, f in pairs if is_fitted_kind(s)):
            found[name] = steps
    return found


def completed(
    declarations: Mapping[str, Mapping],
    fits: Mapping[str, Sequence[Mapping | None]],
) -> dict[str, dict]:
    """Write measured numbers into declarations; others stay as they are."""
    return {
        name: dict(declaration, values=list(_steps(declaration, fits[name])))
        if name in fits
        else dict(declaration)
        for name, declaration in declarations.items()
    }


def _steps(declaration: Mapping, fits: Sequence) -> tuple[dict, ...]:
    return with_fits(without_fits(declaration['values']), fits)


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
