"""Words of a command line that say something of a modality."""

from collections.abc import Sequence


def parse_pairs(option: str, words: Sequence[str]) -> dict[str, list[str]]:
    """Collect ``opt=a.tif`` words by what stands before the sign.

    Raises:
        ValueError: If a word has another form.
    """
    pairs = {}
    for word in words:
        name, equals, value = word.partition('=')
        if not (name and equals and value):
            raise ValueError(
                f'{option}: expected words of the form MODALITY=..., got '
                f'{word!r} in {words}'
            )
        pairs.setdefault(name, []).append(value)
    return pairs


def parse_rasters(words: Sequence[str]) -> dict[str, str | list[str]]:
    """Turn the words of ``--raster`` into a scene.

    Returns:
        Modality -> file, or files of single bands.

    Raises:
        ValueError: If a word has another form than ``opt=a.tif``.
    """
    pairs = parse_pairs('--raster', words)
    return {
        name: paths if len(paths) > 1 else paths[0]
        for name, paths in pairs.items()
    }
