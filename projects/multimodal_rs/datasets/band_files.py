"""Files of single bands, in the order of the bands of a declaration."""

import re
from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.names import spelt


def by_band(modality: Modality, paths: Sequence[Path]) -> list[Path]:
    """Bring files of single bands into the order of ``file_bands``.

    A file's name holds the band's as it is declared, or spelt in another way
    (``B02`` for ``B2``). So does that of a variable of a file.

    Raises:
        ValueError: If a band has no file or several.
    """
    if modality.file_bands is None:
        return list(paths)
    ordered = []
    for band in modality.file_bands:
        word = re.compile(rf'(?<![^\W_]){re.escape(band)}(?![^\W_])')
        found = [path for path in paths if word.search(_stem(path))]
        if not found:
            found = [path for path in paths if spelt(band) in _words(path)]
        if len(found) != 1:
            raise ValueError(
                f'{modality.name}: expected one file with {band!r} in its '
                f'name, got {[p.name for p in found]} of '
                f'{[p.name for p in paths]}: `file_bands` of the config names '
                'the bands of a tile, each of which needs a file'
            )
        ordered += found
    return ordered


def _words(path: Path) -> list[str]:
    """Divide a file's name into words, spelt as names of bands."""
    return [spelt(word) for word in re.split(r'[\W_]+', _stem(path))]


def _stem(path: Path) -> str:
    """Get a name without its ending; of ``FILE.nc:VARIABLE`` the latter."""
    _, colon, variable = path.suffix.rpartition(':')
    return variable if colon else path.stem
