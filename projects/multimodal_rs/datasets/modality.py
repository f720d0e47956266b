"""Declaration of a modality: what one sensor's rasters are."""

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from mmseg.registry import TRANSFORMS

import multimodal_rs.datasets.values  # noqa: F401  registers the steps
from multimodal_rs.datasets.display import Display, shown_channels
from multimodal_rs.datasets.fitted_values import FittedStep
from multimodal_rs.datasets.io.opened import Nodata, Scaling
from multimodal_rs.datasets.names import check_name
from multimodal_rs.datasets.pixels import apply_scaling, in_type, unmeasured
from multimodal_rs.utils.installation import prepare_command
from multimodal_rs.utils.plain import plain

NODATA_RULES = ('any', 'all')
SCALE_RULES = ('refuse', 'apply', 'ignore')
ALPHA = ('a', 'alpha', 'mask')  # in `file_bands`: no measurement


@dataclass(frozen=True)
class Modality:
    """One modality: where its files are and what their numbers mean.

    Attributes:
        name: Key: ``opt``, ``sar``, ``dem``, ...; see ``datasets/names.py``.
        bands: Bands to read, in this order: 0-based indices, or names out of
            ``file_bands``.
        dir: Directory below ``data_root``.
        suffix: What follows the tile's id in the file name.
        file_bands: Names of all bands of a file in file order.
        key: Variable name, for ``.mat`` files with several variables.
        unit: Unit of the numbers in the file, for people.
        nodata: What marks an empty pixel. ``'file'``: the value that each
            file declares (its bands may differ). A number: that instead. With
            both, masks and alpha bands of the file count too. None: nothing
            that the file declares counts. NaN, inf and |x| >= 1e30 always do.
        nodata_when: ``'any'``: a pixel is empty if any of the bands that are
            read has the value, as a network needs all of them; ``'all'``:
            only if all have it (0 in a single band is a measurement). Masks
            per band are combined likewise.
        scale: What to do with scale and offset tags of a file: ``'refuse'``,
            ``'apply'`` (before ``values``) or ``'ignore'``.
        values: Steps from file numbers to network units, in order; see
            ``datasets/values.py``.
        mean: Per band, in the units after ``values``. None: 0.
        std: Per band, likewise. None: 1.
        file_range: The 1st and the 99th percentile of every band of the
            training data, ((C,), (C,)), in the numbers of the files (after
            ``scale``, before ``values``). Files far from that are warned of;
            see ``datasets/file_range.py``. None: nothing is known.
        display: How to show it.
        optional: Whether a tile may lack it (no file, or nothing valid in
            it). The tile then lacks the modality; otherwise that is an error.
        read_by_others: Positions that other modalities read from the same
            files. Not declared; :func:`build_modalities` finds them.
    """

    name: str
    bands: tuple
    dir: str = ''
    suffix: str = '.tif'
    file_bands: tuple[str, ...] | None = None
    key: str | None = None
    unit: str = ''
    nodata: float | str | None = 'file'
    nodata_when: str = 'any'
    scale: str = 'refuse'
    values: tuple = ()
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    file_range: tuple | None = None
    display: Display = field(default_factory=Display)
    optional: bool = False
    read_by_others: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check(self)
        # Computed once, and now: what is wrong is said when it is declared.
        _ = self.indices, self.display_indices, self._steps

    @cached_property
    def indices(self) -> tuple[int, ...]:
        """0-based positions of ``bands`` in a file."""
        return _band_indices(self)

    @cached_property
    def display_indices(self) -> tuple[int, ...]:
        """Positions, among the channels, of what a picture shows."""
        where = f'modality {self.name!r}, display'
        return shown_channels(self.display, self.channel_names, where)

    @property
    def files(self) -> tuple:
        """What modalities that lie in the same files have in common."""
        return self.dir, self.suffix, self.key

    @cached_property
    def measured(self) -> frozenset[int]:
        """Positions that hold measurements, even if a file says alpha."""
        names = enumerate(self.file_bands or ())
        named = {i for i, name in names if str(name).casefold() not in ALPHA}
        return frozenset(named | set(self.indices) | set(self.read_by_others))

    @cached_property
    def _steps(self) -> tuple:
        return tuple(TRANSFORMS.build(dict(step)) for step in self.values)

    @cached_property
    def _steps_keep_finite(self) -> bool:
        return all(getattr(s, 'keeps_finite', False) for s in self._steps)

    @cached_property
    def as_stored(self) -> 'Modality':
        """The same in the numbers of the files, without ``values``."""
        plain_ = dict(values=(), mean=None, std=None, display=Display())
        return replace(self, **plain_)

    @property
    def file_count(self) -> int | None:
        """Number of bands that a file must have; None if undeclared."""
        return None if self.file_bands is None else len(self.file_bands)

    @cached_property
    def channels(self) -> int:
        """Number of channels that the network sees."""
        made = [getattr(step, 'channels', None) for step in self._steps]
        return next(filter(None, reversed(made)), len(self.bands))

    @cached_property
    def channel_names(self) -> tuple:
        """What the channels are: bands, or components of them."""
        if self.channels == len(self.bands):
            return self.bands
        return tuple(f'component {i + 1}' for i in range(self.channels))

    @cached_property
    def unfitted(self) -> tuple[str, ...]:
        """Steps that wait for numbers of the training pixels."""
        waiting = (
            s for s in self._steps if isinstance(s, FittedStep) and not s.fit
        )
        return tuple(type(step).__name__ for step in waiting)

    def prepare(
        self,
        data: np.ndarray,
        file_nodata: Nodata = None,
        masked: np.ndarray | None = None,
        scaling: Scaling | None = None,
        out: np.ndarray | None = None,
    ) -> None:
        """Turn file numbers into network units.

        Args:
            data: (C, H, W) as read, any real type; float32 without ``out``.
            file_nodata: The nodata value that the file declares, or one per
                band.
            masked: True where the file's mask says empty, (H, W) or
                (C, H, W).
            scaling: Scale and offset to apply before ``values``.
            out: (channels, H, W) float32, takes the numbers in the units of
                ``values``, NaN in all bands of an invalid pixel. None
                overwrites ``data``.

        Raises:
            ValueError: If a step has not been measured yet.
        """
        if self.unfitted:
            raise ValueError(
                f'modality {self.name!r}: {list(self.unfitted)} in `values` '
                'have no numbers yet. They come from the training pixels: '
                f'`{prepare_command()}` measures them (with `--config` for a '
                'config that is not the usual one) and writes stats.json '
                'beside the split lists; keep it there'
            )
        out = data if out is None else out
        whole, wide = data.dtype.kind in 'iu', data.dtype.itemsize > 4
        invalid = [self._empty(data, file_nodata)]
        if masked is not None:
            each = masked.ndim == 3
            invalid.append(self._combined(masked) if each else masked)
        if not whole:
            # Before the steps: clipping would make numbers of infinities.
            invalid.append(unmeasured(data))
        with np.errstate(over='ignore'):  # found as infinities below
            self._convert(data, scaling, out)
        kept = self._steps_keep_finite and scaling is None
        if not kept or (wide and not whole):
            invalid.append(unmeasured(out))
        _empty_where(out, [pixels for pixels in invalid if pixels is not None])

    def _convert(
        self, source: np.ndarray, scaling: Scaling | None, out: np.ndarray
    ) -> None:
        """Write file numbers in network units, as float32."""
        if scaling is not None:
            target = _room(len(source), out)
            apply_scaling(source, scaling, target)
            source = target
        for step in self._steps:
            channels = getattr(step, 'channels', None) or len(source)
            target = _room(channels, out)
            step(source, target)
            source = target
        if source is not out:
            np.copyto(out, source, casting='same_kind')

    def _empty(
        self, data: np.ndarray, file_nodata: Nodata
    ) -> np.ndarray | None:
        value = file_nodata if self.nodata == 'file' else self.nodata
        if not isinstance(value, Sequence):
            value = in_type(value, data.dtype)
            return None if value is None else self._combined(data == value)
        # Bands without a value of their own do not take part.
        each = [in_type(v, data.dtype) for v in value]
        equal = [
            band == v
            for band, v in zip(data, each, strict=True)
            if v is not None
        ]
        return self._combined(np.stack(equal)) if equal else None

    def _combined(self, equal: np.ndarray) -> np.ndarray:
        if self.nodata_when == 'all':
            return equal.all(axis=0)
        return equal.any(axis=0)


def _empty_where(out: np.ndarray, invalid: Sequence[np.ndarray]) -> None:
    """Put NaN into all bands (C, H, W) where any of some masks is True."""
    for pixels in invalid:
        if pixels.all():  # thirty times as fast, beyond the end of a swath
            out.fill(np.nan)
            return
        out[:, pixels] = np.nan


def _room(channels: int, out: np.ndarray) -> np.ndarray:
    """Get where a step may write: ``out`` if it has so many channels."""
    if channels == len(out):
        return out
    return np.empty((channels, *out.shape[1:]), np.float32)


def build_modalities(
    declarations: Mapping[str, Mapping[str, Any]],
) -> dict[str, Modality]:
    """Check and build the declarations of a dataset.

    Args:
        declarations: For each modality name the attributes of
            :class:`Modality`, ``display`` as a dict.

    Raises:
        ValueError: If a declaration contradicts itself.
        KeyError: If it has an unknown attribute or names an unknown band.
    """
    if not declarations:
        raise ValueError('modalities is empty: declare at least one modality')
    built = {n: _build(n, d) for n, d in declarations.items()}
    for name, modality in built.items():
        others = {
            index
            for other in built.values()
            if other is not modality and other.files == modality.files
            for index in other.indices
        }
        if others:
            built[name] = replace(modality, read_by_others=tuple(others))
    return built


def _build(name: str, declaration: Mapping[str, Any]) -> Modality:
    known = {f.name for f in fields(Modality)} - {'name', 'read_by_others'}
    unknown = sorted(set(declaration) - known)
    if unknown:
        raise KeyError(
            f'modality {name!r} declares unknown {unknown}; known are '
            f'{sorted(known)}'
        )
    if 'bands' not in declaration:
        raise ValueError(
            f'modality {name!r} does not say which bands to read: set `bands` '
            'to 0-based indices, or to names out of `file_bands`'
        )
    arguments = _with_tuples(declaration)
    display = _with_tuples(arguments.pop('display', None) or {})
    return Modality(name=name, display=Display(**display), **arguments)


def _with_tuples(arguments: Mapping[str, Any]) -> dict[str, Any]:
    items = arguments.items()
    return {k: tuple(v) if isinstance(v, list) else v for k, v in items}


def _check(modality: Modality) -> None:
    check_name(modality.name)
    where = f'modality {modality.name!r}'
    if not modality.bands:
        raise ValueError(f'{where}: `bands` is empty, name at least one band')
    for attribute in ('mean', 'std'):
        numbers_ = getattr(modality, attribute)
        if numbers_ is None:
            continue
        if len(numbers_) != modality.channels:
            raise ValueError(
                f'{where}: {attribute} must have one entry per band, expected '
                f'{modality.channels} for {list(modality.channel_names)}, got '
                f'{len(numbers_)}: take it from the stats.json that '
                f'`{prepare_command()}` writes'
            )
    if modality.file_range is not None:
        _check_range(modality.file_range, len(modality.bands), where)
    if modality.std is not None and not all(s > 0 for s in modality.std):
        raise ValueError(
            f'{where}: std must be positive, got {list(modality.std)}'
        )
    if modality.nodata_when not in NODATA_RULES:
        raise ValueError(
            f'{where}: nodata_when must be one of {NODATA_RULES}, got '
            f'{modality.nodata_when!r}'
        )
    if modality.scale not in SCALE_RULES:
        raise ValueError(
            f'{where}: scale must be one of {SCALE_RULES}, got '
            f'{modality.scale!r}'
        )
    if isinstance(modality.nodata, str) and modality.nodata != 'file':
        raise ValueError(
            f"{where}: nodata must be a number, None or 'file', got "
            f'{modality.nodata!r}'
        )


def _check_range(limits: Sequence, channels: int, where: str) -> None:
    rows = [len(row) for row in limits]
    if rows != [channels] * 2 or any(
        not low <= high for low, high in zip(*limits, strict=True)
    ):
        raise ValueError(
            f'{where}: file_range must be two rows with one number per band, '
            f'the low ones and the high ones, got {plain(limits)}: take it '
            f'from the stats.json that `{prepare_command()}` writes'
        )


def _band_indices(modality: Modality) -> tuple[int, ...]:
    where = f'modality {modality.name!r}'
    return tuple(
        _index(band, modality.file_bands, where) for band in modality.bands
    )


def _index(band: int | str, names: Sequence[str] | None, where: str) -> int:
    if isinstance(band, numbers.Integral):
        if band < 0 or (names is not None and band >= len(names)):
            limit = 'a file' if names is None else f'{len(names)} bands'
            raise ValueError(
                f'{where}: band {band} does not exist in {limit}; indices '
                'start at 0'
            )
        return int(band)
    if names is None:
        raise ValueError(
            f'{where}: band {band!r} is a name, so `file_bands` must list the '
            'names of all bands in file order'
        )
    if band not in names:
        raise KeyError(
            f'{where}: band {band!r} does not exist, the file has '
            f'{list(names)}'
        )
    return list(names).index(band)
