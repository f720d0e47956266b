"""Mean, std and percentiles per band over the training tiles, in one pass."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.stats_file import changed_entries, clock
from multimodal_rs.datasets.base import MultiModalSegDataset
from multimodal_rs.datasets.file_range import (
    HIGH,
    LOW,
    PERCENTILES,
    ValueSketch,
    file_numbers,
)
from multimodal_rs.datasets.fits import RENEWED
from multimodal_rs.datasets.io.raster import raster_exists
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import (
    Reading,
    at_pixels,
    prepared,
    read_layer,
)
from multimodal_rs.utils.damage import DamagedFileError, reading
from multimodal_rs.utils.files import read_json, write_text
from multimodal_rs.utils.progress import progress

SAVE_EVERY = 200  # tiles
# Attributes of a declaration that do not change the numbers.
PRESENTATION = ('mean', 'std', 'display', 'unit', 'file_range')
CONTENT = 2  # changes with what is measured, so that old files are renewed


class BandMoments:
    """Count, mean, sum of squared deviations, minimum and maximum per band.

    Everything is float64 and merged by Chan's formula, so neither many
    pixels nor a large offset cost digits.

    Args:
        bands: Number of bands.
    """

    def __init__(self, bands: int) -> None:
        self.pixels = 0
        self.mean = np.zeros(bands)
        self.deviation = np.zeros(bands)
        self.low = np.full(bands, np.inf)
        self.high = np.full(bands, -np.inf)

    def add(self, data: np.ndarray) -> None:
        """Add the valid pixels of a tile.

        Args:
            data: (C, H, W), NaN in all bands of an invalid pixel.
        """
        values = data[:, ~np.isnan(data[0])].astype(np.float64)  # (C, N)
        added = values.shape[1]
        if not added:
            return
        mean = values.mean(axis=1)
        deviation = np.square(values - mean[:, None]).sum(axis=1)
        shift = mean - self.mean
        total = self.pixels + added
        self.deviation += deviation
        self.deviation += np.square(shift) * (self.pixels * added / total)
        self.mean += shift * (added / total)
        self.pixels = total
        self.low = np.minimum(self.low, values.min(axis=1))
        self.high = np.maximum(self.high, values.max(axis=1))

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of all pixels, (C,)."""
        return np.sqrt(self.deviation / max(self.pixels, 1))

    def state(self) -> dict:
        """Get everything as plain numbers; JSON keeps every digit."""
        return dict(
            pixels=self.pixels,
            mean=self.mean.tolist(),
            deviation=self.deviation.tolist(),
            low=self.low.tolist(),
            high=self.high.tolist(),
        )

    @classmethod
    def from_state(cls, state: Mapping) -> 'BandMoments':
        """Make it again from :meth:`state`."""
        moments = cls(len(state['mean']))
        moments.pixels = state['pixels']
        for name in ('mean', 'deviation', 'low', 'high'):
            setattr(moments, name, np.asarray(state[name], np.float64))
        return moments


def measure(dataset: MultiModalSegDataset, partial: Path) -> dict:
    """Measure all modalities of a dataset.

    The numbers are in the units after the value transforms of the
    declarations, where ``mean`` and ``std`` of a config stand too. Invalid
    pixels do not count, and tiles that lack an optional modality do not count
    for it.

    Args:
        dataset: The training part.
        partial: File that keeps the state meanwhile. If it is there from an
            interrupted run over the same tiles, that run is continued.

    Returns:
        What :func:`summary` says, per modality.

    Raises:
        ValueError: If a file is damaged, or a modality has nothing valid.
        FileNotFoundError: If a file is missing.
    """
    identity = fingerprint(dataset)
    start, moments, sketches = _resume(dataset, partial, identity)
    for index in progress(range(start, len(dataset)), 'statistics, tiles'):
        tile = dataset.get_data_info(index)
        pixels = dataset.training_pixels(tile)
        for name, modality in dataset.modalities.items():
            reading = _read(modality, tile['img_paths'][name])
            if reading is not None and pixels is not None:
                reading = at_pixels(reading, pixels)
            if reading is not None:
                moments[name].add(prepared(reading, modality))
                sketches[name].add(file_numbers(reading, modality))
        if (index + 1) % SAVE_EVERY == 0:
            _save(partial, identity, index + 1, moments, sketches)
    empty = [name for name, m in moments.items() if not m.pixels]
    if empty:
        raise ValueError(
            f'{empty} have no valid pixel in all {len(dataset)} tiles of '
            f'{dataset.ann_file}: check `nodata` and `values` of the '
            'modality, and the files with --check'
        )
    return {
        name: summary(dataset.modalities[name], m, sketches[name])
        for name, m in moments.items()
    }


def summary(
    modality: Modality, moments: BandMoments, sketch: ValueSketch
) -> dict:
    """Say what was measured of one modality.

    Percentiles, and ``file_range``, which are two of them, are in the numbers
    of the files, before ``values``.
    """
    values = sketch.percentiles(PERCENTILES).tolist()
    percentiles = {
        f'{p:g}': row for p, row in zip(PERCENTILES, values, strict=True)
    }
    return dict(
        bands=list(modality.bands),
        pixels=moments.pixels,
        mean=moments.mean.tolist(),
        std=moments.std.tolist(),
        min=moments.low.tolist(),
        max=moments.high.tolist(),
        percentiles=percentiles,
        file_range=[values[LOW], values[HIGH]],
    )


def fingerprint(dataset: MultiModalSegDataset) -> str:
    """Identify what is measured: the tiles and how they are read."""
    declarations = {
        name: {k: v for k, v in d.items() if k not in PRESENTATION}
        for name, d in dataset.metainfo['modalities'].items()
    }
    tiles = [_identity(dataset, tile) for tile in dataset.tiles]
    text = json.dumps([CONTENT, declarations, tiles], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _identity(dataset: MultiModalSegDataset, tile: dict) -> str | list:
    """Identify a tile, and the pixels of it if not all are measured."""
    pixels = dataset.training_pixels(tile)
    if pixels is None:
        return tile['sample_id']
    digest = hashlib.sha256(np.packbits(pixels).tobytes()).hexdigest()
    return [tile['sample_id'], list(pixels.shape), digest]


def update_statistics(
    dataset: MultiModalSegDataset, target: Path, name: str
) -> dict:
    """Measure a dataset unless ``target`` already has its numbers.

    Args:
        dataset: The training part.
        target: ``stats.json``; other names in it stay as they are.
        name: Under which name the numbers stand there, with the time when
            their measurement started, ``measured``, in nanoseconds.

    Returns:
        The numbers per modality.
    """
    known = {}
    if target.is_file():
        known = read_json(target, RENEWED)
    identity = fingerprint(dataset)
    with reading(target, f'numbers of bands: {RENEWED}'):
        before = dict(known.get(name, {}))
        if before.get('fingerprint') == identity:
            print(f'{target}: {name} is up to date')
            return before['modalities']
    partial = target.with_name(f'.{target.stem}-{name}.partial.json')
    numbers = dict(
        measured=clock(target.parent),
        tiles=len(dataset),
        fingerprint=identity,
        modalities=measure(dataset, partial),
    )
    with changed_entries(target) as known:
        known[name] = known.get(name, {}) | numbers
    partial.unlink(missing_ok=True)
    print(f'{target}: {name}, {len(dataset)} tiles, written')
    return numbers['modalities']


def _read(modality: Modality, path: str) -> Reading | None:
    if modality.optional and not raster_exists(path):
        return None
    return read_layer(path, modality).reading


def _resume(
    dataset: MultiModalSegDataset, partial: Path, identity: str
) -> tuple[int, dict[str, BandMoments], dict[str, ValueSketch]]:
    if partial.is_file():
        try:
            state = _saved(partial, identity, list(dataset.modalities))
        except DamagedFileError as error:
            print(f'{error}: all tiles are read again')
            state = None
        if state is not None:
            print(f'{partial}: continues after {state[0]} tiles')
            return state
    modalities = dataset.modalities.items()
    moments = {name: BandMoments(m.channels) for name, m in modalities}
    sketches = {name: ValueSketch(len(m.bands)) for name, m in modalities}
    return 0, moments, sketches


def _saved(
    partial: Path, identity: str, modalities: Sequence[str]
) -> tuple[int, dict[str, BandMoments], dict[str, ValueSketch]] | None:
    """Read what an interrupted run has kept; None if of other tiles.

    Raises:
        DamagedFileError: If the file is damaged.
    """
    state = read_json(partial, 'measured from the start')
    with reading(partial, 'the state of a measurement'):
        if state['fingerprint'] != identity:
            return None
        moments = {
            name: BandMoments.from_state(state['moments'][name])
            for name in modalities
        }
        sketches = {
            name: ValueSketch.from_state(state['sketches'][name])
            for name in modalities
        }
        return int(state['done']), moments, sketches


def _save(
    partial: Path,
    identity: str,
    done: int,
    moments: Mapping[str, BandMoments],
    sketches: Mapping[str, ValueSketch],
) -> None:
    state = dict(
        fingerprint=identity,
        done=done,
        moments={name: m.state() for name, m in moments.items()},
        sketches={name: s.state() for name, s in sketches.items()},
    )
    write_text(partial, json.dumps(state))
