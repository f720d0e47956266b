"""What a network sees in the place of a modality that is missing."""

from collections.abc import Mapping, Sequence

from multimodal_rs.datasets.modality import Modality

BLACK, MEAN = 'black', 'mean'
Missing = str | Mapping[str, Sequence[float]]


def missing_values(
    missing: Missing, modalities: Mapping[str, Modality]
) -> dict[str, tuple[float, ...]]:
    """Get a value per band for each modality, in units of its declaration.

    Args:
        missing: ``'black'``: zeros, as the missing-modality test of
            JoiTriNet's paper has it (Table IV). ``'mean'``: the mean that is
            declared, which lies in the middle of what the network knows. Or
            values per band for some modalities, ``dict(sar=[-12, -19])``; the
            others are black.
        modalities: The declarations.

    Raises:
        ValueError: If it is something else, a modality declares no mean, or
            has another number of bands.
        KeyError: If values are of no declared modality.
    """
    black = {name: (0.0,) * m.channels for name, m in modalities.items()}
    if missing == BLACK:
        return black
    if missing == MEAN:
        without = [name for name, m in modalities.items() if not m.mean]
        if without:
            raise ValueError(
                f'missing={MEAN!r}: {without} declare no mean: declare the '
                'one that data_prep prints, or give values, '
                f'missing=dict({without[0]}=[...])'
            )
        return {name: tuple(m.mean) for name, m in modalities.items()}
    if not isinstance(missing, Mapping):
        raise ValueError(
            f'missing={missing!r}: expected {BLACK!r}, {MEAN!r}, or values '
            'per band, dict(sar=[-12, -19])'
        )
    unknown = sorted(set(missing) - set(modalities))
    if unknown:
        raise KeyError(
            f'missing: {unknown} are not declared, expected some of '
            f'{list(modalities)}'
        )
    for name, values in missing.items():
        if len(values) != modalities[name].channels:
            raise ValueError(
                f'missing: {name} has {modalities[name].channels} bands, got '
                f'{len(values)} values: {list(values)}'
            )
    return black | {name: tuple(v) for name, v in missing.items()}
