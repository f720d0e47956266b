"""Networks that answer where only some of the modalities are valid.

A network without a head for each modality answers from a black image, or from
the mean, where a sensor has nothing. A network that was trained without that
sensor knows better: as a specialist it answers for the pixels at which exactly
its modalities are there. docs/missing_sensors.md has the measurements.
"""

from collections.abc import Iterable

from torch import nn

from multimodal_rs.datasets.fitted_values import without_fits
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.names import spelt
from multimodal_rs.models.neighbourhood import margin_of
from multimodal_rs.utils.plain import plain


def add_specialists(
    model: nn.Module, specialists: Iterable[nn.Module]
) -> None:
    """Let other networks answer for some of the modalities of a network.

    They normalise the pixels in their own way, with the means and standard
    deviations that they were trained with.

    Args:
        model: As ``init_model`` makes it; gets ``specialists``, modalities ->
            network.
        specialists: Likewise, each with some of the modalities of ``model``.

    Raises:
        ValueError: If a network cannot answer in the place of ``model``, or
            two have the same modalities.
    """
    found = {}
    for specialist in specialists:
        names = frozenset(specialist.modalities)
        if names in found:
            raise ValueError(
                f'two specialists for {sorted(names)}: name one of them'
            )
        _check(model, specialist)
        found[names] = specialist
    model.specialists = found


def network_for(model: nn.Module, names: Iterable[str]) -> nn.Module:
    """Get what answers where exactly these modalities are valid."""
    return getattr(model, 'specialists', {}).get(frozenset(names), model)


def networks_of(model: nn.Module) -> list[nn.Module]:
    """List a network and its specialists."""
    return [model, *getattr(model, 'specialists', {}).values()]


def _check(model: nn.Module, specialist: nn.Module) -> None:
    """Compare what both read, and what their answers mean."""
    names = list(specialist.modalities)
    if not set(names) < set(model.modalities):
        _refuse('some of the modalities', model.modalities, names)
    classes, others = (
        list(network.dataset_meta['classes'])
        for network in (model, specialist)
    )
    if classes != others:
        _refuse('the classes', classes, others)
    for name in names:
        ours, theirs = (
            network.data_preprocessor.modalities[name]
            for network in (model, specialist)
        )
        _check_reading(name, ours, theirs)
    margins = [margin_of(model), margin_of(specialist)]
    if margins[0] != margins[1]:
        _refuse('a margin', *margins)
    devices = [next(n.parameters()).device for n in (model, specialist)]
    if devices[0] != devices[1]:
        _refuse('the device', *devices)


def _check_reading(name: str, ours: Modality, theirs: Modality) -> None:
    """Compare what decides the numbers: a scene is read once for all."""
    both = ours, theirs
    pairs = dict(
        bands=_bands(ours, theirs),
        scale=[m.scale for m in both],
        values=[plain(without_fits(m.values)) for m in both],
    )
    for attribute, pair in pairs.items():
        if pair[0] != pair[1]:
            _refuse(f'{attribute} of {name}', *pair)
    if plain(ours.values) != plain(theirs.values):
        steps = [step['type'] for step in ours.values]
        raise ValueError(
            f'specialist: expected the numbers in `values` of {name}, {steps},'
            ' as the network that it answers for has measured them on its '
            'training pixels, got others: train both on the same pixels'
        )


def _bands(*modalities: Modality) -> list[list]:
    """Say which bands each reads: by name, if all know their names."""
    if all(modality.file_bands for modality in modalities):
        return [
            [spelt(m.file_bands[i]) for i in m.indices] for m in modalities
        ]
    return [list(m.indices) for m in modalities]


def _refuse(what: str, ours: object, theirs: object) -> None:
    raise ValueError(
        f'specialist: expected {what} as in the network that it answers for, '
        f'{ours}, got {theirs}: train it with the same data'
    )
