"""Measures the steps of ``values`` that are fitted to training pixels."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmseg.registry import TRANSFORMS

from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.file_range import file_numbers
from multimodal_rs.datasets.fits import (
    MOST,
    RENEWED,
    Fit,
    declaration_key,
    fitted_names,
    tiles_key,
)
from multimodal_rs.datasets.fitted_values import FittedStep, without_fits
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import at_pixels, read_layer
from multimodal_rs.utils.damage import reading
from multimodal_rs.utils.files import read_json, write_text


def update_fits(
    dataset: MultiModalSegDataset, target: Path, name: str
) -> None:
    """Measure what ``values`` of a dataset need, unless it is known.

    The dataset can read its modalities afterwards.

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
    tiles = dataset.tiles
    chosen = [_chosen(dataset, tile, len(tiles)) for tile in tiles]
    listed = tiles_key([tile['sample_id'] for tile in tiles])
    pixels = sum(int(np.count_nonzero(c)) for c in chosen)
    fits = {}
    for modality in names:
        key = declaration_key(declarations[modality])
        same = old.get(modality)
        if same and (same.declaration, same.tiles, same.pixels) == (
            key,
            listed,
            pixels,
        ):
            fits[modality] = same
            continue
        numbers = _numbers(dataset, modality, tiles, chosen)
        steps = fit_steps(dataset.modalities[modality], numbers)
        fits[modality] = Fit(key, listed, pixels, steps)
        print(f'{modality}: measured on {numbers.shape[1]} training pixels')
    plain = {modality: fit.plain() for modality, fit in fits.items()}
    if plain != before:
        known[name] = known.get(name, {}) | dict(fits=plain)
        text = json.dumps(known, indent=2, sort_keys=True)
        write_text(target, text + '\n')
    dataset.take_fits({modality: f.steps for modality, f in fits.items()})


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


def _chosen(
    dataset: MultiModalSegDataset, tile: dict, count: int
) -> np.ndarray:
    """Choose the pixels of a tile that are measured, (H, W) bool."""
    pixels = dataset.training_pixels(tile)
    if pixels is None:
        modality = next(iter(dataset.modalities.values()))
        path = tile['img_paths'][modality.name]
        pixels = np.ones(read_layer(path, modality).grid.size, bool)
    places = np.flatnonzero(pixels)
    thin = places[:: -(-len(places) * count // MOST) or 1]
    chosen = np.zeros(pixels.shape, bool)
    chosen.flat[thin] = True
    return chosen


def _numbers(
    dataset: MultiModalSegDataset,
    name: str,
    tiles: Sequence[dict],
    chosen: Sequence[np.ndarray],
) -> np.ndarray:
    """Read the valid ones of the chosen pixels, (C, N) float32.

    Raises:
        ValueError: If there is none.
    """
    modality = dataset.modalities[name]
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
