"""Measures the steps of ``values`` that are fitted to training pixels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from mmseg.registry import TRANSFORMS

from multimodal_rs.data_prep.stats_file import changed_entries
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.file_range import file_numbers
from multimodal_rs.datasets.fits import (
    RENEWED,
    Fit,
    chosen_pixels,
    declaration_key,
    fitted_names,
    places_key,
    stored_fits,
    tiles_key,
    values_key,
)
from multimodal_rs.datasets.fitted_values import FittedStep, without_fits
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import at_pixels, read_layer
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json


def update_fits(
    dataset: MultiModalSegDataset, target: Path, name: str
) -> None:
    """Measure what ``values`` of a dataset need, unless it is known.

    It is known if the files had the same numbers in the same pixels, for
    which they are read. The dataset can read its modalities afterwards.

    Args:
        dataset: The training part.
        target: ``stats.json``; what else is in it stays.
        name: Under which name the numbers stand there.

    Raises:
        ValueError: If the training pixels do not determine the numbers.
    """
    declarations = dataset.metainfo['modalities']
    names = fitted_names(declarations)
    if not names:
        return
    known = read_json(target, RENEWED) if target.is_file() else {}
    with reading(target, f'numbers of steps: {RENEWED}'):
        before = known.get(name, {}).get('fits', {})
        old = {modality: Fit(**before[modality]) for modality in before}
    chosen = _chosen(dataset)
    fits = {}
    for modality in names:
        numbers = _numbers(dataset, modality, chosen)
        fit = _identity(dataset, modality, chosen, numbers)
        same = old.get(modality)
        if same and replace(same, steps=[]) == fit:
            fits[modality] = same
            continue
        steps = fit_steps(dataset.modalities[modality], numbers)
        fits[modality] = replace(fit, steps=steps)
        print(f'{modality}: measured on {numbers.shape[1]} training pixels')
    new = {modality: fit.plain() for modality, fit in fits.items()}
    with changed_entries(target) as known:
        _keep(known, name, new)
    dataset.take_fits({modality: f.steps for modality, f in fits.items()})


def _keep(known: dict[str, dict], name: str, fits: dict[str, dict]) -> None:
    """Put measured numbers among the known ones.

    Configs beside each other may declare a modality in the same way. Their
    datasets find numbers by the declaration, so there must be no older ones.
    """
    for other in {*known, name}:
        entry = known.setdefault(other, {})
        before = entry.get('fits', {})
        keys = {m: fit['declaration'] for m, fit in before.items()}
        renewed = {
            m: f for m, f in fits.items() if keys.get(m) == f['declaration']
        }
        after = fits if other == name else before | renewed
        if after != before:
            entry['fits'] = after


def stale_fits(dataset: MultiModalSegDataset) -> list[str]:
    """Say which kept numbers are of other pixels, or of other images.

    Args:
        dataset: The training part; all of its files can be read.

    Returns:
        A sentence for each modality. Of numbers that do not say what they
        are of (see :class:`Fit`) only the count of the pixels is compared.
    """
    fits = stored_fits(dataset.stats_file, dataset.metainfo['modalities'])
    chosen = _chosen(dataset) if fits else []
    found = []
    for modality, fit in fits.items():
        numbers = _numbers(dataset, modality, chosen)
        now = _identity(dataset, modality, chosen, numbers)
        what = None
        if fit.tiles != now.tiles:
            what = f'other tiles than those of {dataset.ann_file}'
        elif fit.pixels != now.pixels or fit.places not in (None, now.places):
            what = 'other training pixels than the labels have now'
        elif fit.values not in (None, now.values):
            what = 'other images than those that are there now'
        if what:
            found.append(
                f'{dataset.stats_file}: the numbers for `values` of '
                f'{modality} were measured on {what}: run the command '
                'without --check, which measures them again'
            )
    return found


def _identity(
    dataset: MultiModalSegDataset,
    modality: str,
    chosen: Sequence[np.ndarray],
    numbers: np.ndarray,
) -> Fit:
    """Say what is measured; there are no steps yet."""
    return Fit(
        declaration=declaration_key(dataset.metainfo['modalities'][modality]),
        tiles=tiles_key([tile['sample_id'] for tile in dataset.tiles]),
        pixels=sum(int(np.count_nonzero(c)) for c in chosen),
        steps=[],
        places=places_key(chosen),
        values=values_key(numbers),
    )


def fit_steps(modality: Modality, numbers: np.ndarray) -> list[dict | None]:
    """Measure the steps of a modality one after the other.

    Args:
        modality: Its declaration.
        numbers: (C, N) float32, valid pixels in the numbers of the files.

    Returns:
        For each step what was measured; None: nothing.

    Raises:
        ValueError: Names the modality.
    """
    values = np.asarray(numbers, np.float32)[..., None]  # (C, N, 1)
    found = []
    for declared in without_fits(modality.values):
        step = TRANSFORMS.build(declared)
        fit = None
        if isinstance(step, FittedStep):
            try:
                fit = step.measure(values[..., 0].astype(np.float64))
            except ValueError as error:
                text = f'modality {modality.name!r}: {error}'
                raise ValueError(text) from error
            step = TRANSFORMS.build(dict(declared, fit=fit))
        channels = getattr(step, 'channels', None) or len(values)
        out = np.empty((channels, *values.shape[1:]), np.float32)
        step(values, out)
        # Such as a backscatter of 0, which has no decibels.
        values = out[:, np.isfinite(out[:, :, 0]).all(axis=0)]
        found.append(fit)
    return found


def _chosen(dataset: MultiModalSegDataset) -> list[np.ndarray]:
    """Choose the pixels that are measured, (H, W) bool for each tile."""
    chosen = []
    for tile in dataset.tiles:
        pixels = dataset.training_pixels(tile)
        if pixels is None:
            pixels = np.ones(_size(dataset, tile), bool)
        chosen.append(chosen_pixels(pixels, len(dataset.tiles)))
    return chosen


def _size(dataset: MultiModalSegDataset, tile: dict) -> tuple[int, int]:
    """Get (H, W) of a tile from a modality that it has; all have the same."""
    modalities, paths = dataset.modalities, tile['img_paths']
    there = (
        name
        for name, modality in modalities.items()
        if not modality.optional or raster_exists(paths[name])
    )
    name = next(there, next(iter(modalities)))  # the error names it
    return read_layer(paths[name], modalities[name]).grid.size


def _numbers(
    dataset: MultiModalSegDataset, name: str, chosen: Sequence[np.ndarray]
) -> np.ndarray:
    """Read the valid ones of the chosen pixels, (C, N) float32.

    Raises:
        ValueError: If there is none.
    """
    modality = dataset.modalities[name]
    tiles = dataset.tiles
    parts = []
    for tile, pixels in zip(tiles, chosen, strict=True):
        path = tile['img_paths'][name]
        if modality.optional and not raster_exists(path):
            continue
        reading = read_layer(path, modality).reading
        parts.append(file_numbers(at_pixels(reading, pixels), modality))
    numbers = np.concatenate(parts, axis=1) if parts else np.zeros((1, 0))
    if not numbers.size:
        raise ValueError(
            f'modality {name!r} has no valid training pixel in all '
            f'{len(tiles)} tiles of {dataset.ann_file}: check its `nodata` '
            'and the labels with --check'
        )
    return numbers
