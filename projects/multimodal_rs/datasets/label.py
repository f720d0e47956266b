"""Labels of a dataset: what their rasters hold, and the way to train ids."""

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import cv2
import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.masks import masked_ids
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.utils.labels import IGNORED
from multimodal_rs.utils.plain import plain

SHOWN = 10  # numbers that a message lists
COLOR = re.compile('#[0-9a-fA-F]{6}')
ALPHA = 3  # band of a colour image that says where there is one


class LabelRaster(NamedTuple):
    """What one label file holds.

    Attributes:
        numbers: (H, W), class numbers of any type; colours as 0xRRGGBB.
        empty: (H, W) bool, where there is no label (NaN, transparent,
            masked); None: nowhere.
        nodata: The value that the file declares as empty; None: none.
        grid: Size and position.
    """

    numbers: np.ndarray
    empty: np.ndarray | None
    nodata: float | None
    grid: Grid


@dataclass(frozen=True)
class Label:
    """Where the label rasters are and what their numbers mean.

    Attributes:
        dir: Directory below ``data_root``.
        suffix: What follows the tile's id in the file name.
        ids: Number in the file -> train id (255: ignored). None: the numbers
            are the train ids, and 255 is ignored.
        key: Variable name, for ``.mat`` files with several variables.
        band: 0-based band that holds the numbers. None: the file has one.
        colors: Colour in the file, ``'#rrggbb'``, -> train id, for labels
            that are pictures with three bands, or four with transparency.

    NaN is ignored, and so is what a mask of the file, or an alpha band beside
    a single band, calls empty, and the nodata value that a file declares,
    unless it is one of the class numbers.
    """

    dir: str = ''
    suffix: str = '.tif'
    ids: Mapping[int, int] | None = None
    key: str | None = None
    band: int | None = None
    colors: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.colors is None:
            return
        if self.ids is not None or self.band is not None:
            raise ValueError(
                'label: `colors` reads a picture, `ids` and `band` read '
                'numbers: declare one of them'
            )
        wrong = [c for c in self.colors if not COLOR.fullmatch(str(c))]
        if wrong:
            raise ValueError(
                f"label: colors must be written '#rrggbb', got {wrong}"
            )

    def numbers(self, classes: int) -> dict[int, int]:
        """Get the train id of every number that a file may hold.

        Args:
            classes: How many there are.
        """
        if self.colors is not None:
            return {int(c[1:], 16): i for c, i in self.colors.items()}
        if self.ids is not None:
            return dict(self.ids)
        return {i: i for i in (*range(classes), IGNORED)}

    @property
    def _ids_of_file(self) -> Collection[int]:
        """Numbers that a file may hold, whatever the classes."""
        return range(IGNORED) if self.ids is None else self.ids

    def name(self, number: float) -> str:
        """How a number of a file is written in messages."""
        if self.colors is not None:
            return f'#{int(number):06x}'
        whole = number == number and float(number).is_integer()
        return str(int(number) if whole else number)

    def names(self, numbers: Iterable[float]) -> str:
        """List numbers of a file in messages."""
        return f'[{", ".join(map(self.name, sorted(numbers)))}]'

    def read(self, path: str) -> LabelRaster:
        """Read a label file.

        Raises:
            FileNotFoundError: If it does not exist.
            ValueError: If it is damaged, or has other bands than declared.
        """
        with raster_session(), open_raster(path, self.key) as file:
            bands = self._bands(file.bands, path)
            data, nodata = file.read(bands), file.nodata(bands[:1])
            masked = masked_ids(file, bands)
            grid, missing = file.grid, file.missing
        if missing and nodata in self._ids_of_file:
            raise ValueError(
                f'{path}: {missing}, and their number would be {nodata:g}, '
                'which is a class: write the label again, completely'
            )
        return self.decoded(data, nodata, grid, path, masked)

    def decoded(
        self,
        data: np.ndarray,
        nodata: float | None,
        grid: Grid,
        path: str,
        masked: np.ndarray | None = None,
    ) -> LabelRaster:
        """Understand what a file holds.

        Args:
            data: (C, H, W), the band with the numbers, or those of colours.
            nodata: The value that the file declares as empty.
            grid: Size and position.
            path: Of the file, for messages.
            masked: (H, W) bool, where its mask says empty; None: nowhere.

        Raises:
            ValueError: If colours do not have 8 bits.
        """
        empty = masked
        if self.colors is not None:
            if len(data) > ALPHA:
                empty = _either(data[ALPHA] == 0, masked)
            return LabelRaster(_packed(data, path), empty, None, grid)
        if data.dtype.kind == 'f':
            empty = _either(np.isnan(data[0]), masked)
        return LabelRaster(data[0], empty, nodata, grid)

    def train_ids(
        self, raster: LabelRaster, classes: int, path: str
    ) -> np.ndarray:
        """Translate a label to train ids.

        Args:
            raster: What :meth:`read` returned.
            classes: How many there are.
            path: Of the file, for the message.

        Returns:
            (H, W) uint8, 0 to classes - 1, or 255.

        Raises:
            ValueError: If a number has no train id.
        """
        ids = self.numbers(classes)
        train_ids, known = translate(raster.numbers, ids)
        empty = self.empty(raster, ids)
        if empty is not None:
            train_ids[empty] = IGNORED
            known |= empty
        if not known.all():
            found = raster.numbers[~known]
            raise ValueError(
                f'{path}: {self.describe_unknown(found)} are not in the class '
                f'list. Expected {self.names(ids)}: correct '
                f'{"`colors`" if self.colors else "`ids`"} of the label '
                f'({IGNORED} is ignored)'
            )
        return train_ids

    def empty(
        self, raster: LabelRaster, ids: Mapping[int, int]
    ) -> np.ndarray | None:
        """Find the pixels (H, W) without a label; None: there are none."""
        nodata = raster.nodata
        if nodata is None or nodata != nodata or nodata in ids:
            return raster.empty
        return _either(raster.numbers == nodata, raster.empty)

    def describe_unknown(self, numbers: np.ndarray) -> str:
        """Say which numbers occur, how often, and how many more there are."""
        values, counts = np.unique(numbers, return_counts=True)
        order = np.sort(np.argsort(-counts, kind='stable')[:SHOWN])
        shown = ', '.join(
            f'{self.name(values[i].item())}: {counts[i]}' for i in order
        )
        more = len(values) - len(order)
        rest = f', and {more} more' if more else ''
        what = 'colour' if self.colors else 'id'
        return f'label {what}s {{{shown}{rest}}} ({what}: pixels)'

    def _bands(self, count: int, path: str) -> tuple[int, ...]:
        if self.colors is not None:
            if count not in (3, 4):
                raise ValueError(
                    f'{path} has {count} bands, expected 3 (red, green, blue) '
                    'or 4 with transparency, since the label declares colours'
                )
            return tuple(range(count))
        if self.band is None and count != 1:
            raise ValueError(
                f'{path}: a label has one band with class numbers, got '
                f'{count}: name the band with `band` of the label (0-based), '
                "or declare `colors={'#rrggbb': train id}` for a picture"
            )
        return (self.band or 0,)


def build_label(declaration: Mapping[str, Any]) -> Label:
    """Check and build the declaration of a dataset's labels.

    Raises:
        KeyError: If it has an unknown attribute.
        ValueError: If it contradicts itself, or a number is none.
    """
    known = {f.name for f in fields(Label)}
    unknown = sorted(set(declaration) - known)
    if unknown:
        raise KeyError(
            f'label declares unknown {unknown}; known are {sorted(known)}'
        )
    declaration = plain(declaration)
    if declaration.get('ids') is not None:
        # A config that mmengine has dumped comes back with text as keys.
        pairs = (
            (_number(k, v), int(v)) for k, v in declaration['ids'].items()
        )
        declaration['ids'] = {k: v for k, v in pairs if k is not None}
    if declaration.get('colors') is not None:
        colors = declaration['colors'].items()
        declaration['colors'] = {str(c).lower(): int(i) for c, i in colors}
    return Label(**declaration)


def translate(
    numbers: np.ndarray, ids: Mapping[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Look up every number of an array.

    Args:
        numbers: Any shape and real type.
        ids: Number -> train id, 0 to 255.

    Returns:
        uint8, and bool, where the number is in ``ids``.
    """
    unused = set(range(256)).difference(ids.values())
    if unused and _in_8_bits(numbers):
        mark = unused.pop()
        table = np.full(256, mark, np.uint8)
        for number, train_id in ids.items():
            if 0 <= number < 256:
                table[number] = train_id
        # ten times as fast as a search
        train_ids = cv2.LUT(np.ascontiguousarray(numbers, np.uint8), table)
        return train_ids, train_ids != mark
    keys = np.array(sorted(ids))
    values = np.array([ids[k] for k in keys.tolist()], np.uint8)
    places = np.searchsorted(keys, numbers).clip(max=len(keys) - 1)
    return values[places], keys[places] == numbers


def _either(pixels: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    return pixels if others is None else pixels | others


def _in_8_bits(numbers: np.ndarray) -> bool:
    if numbers.dtype == np.uint8:
        return True
    whole = numbers.dtype.kind in 'iu' and numbers.size > 0
    return whole and numbers.min() >= 0 and numbers.max() < 256


def _packed(data: np.ndarray, path: str) -> np.ndarray:
    """Colours (3 or 4, H, W) as 0xRRGGBB."""
    if data.dtype != np.uint8:
        raise ValueError(
            f'{path} holds {data.dtype} numbers, expected colours of 8 bits: '
            'declare `ids` and `band` of the label instead of `colors`'
        )
    red, green, blue = data[:3].astype(np.int32)
    return (red << 16) | (green << 8) | blue


def _number(key: object, train_id: object) -> int | None:
    """Read a key of ``ids``; None for NaN, which is ignored anyway."""
    number = float(key)
    if math.isnan(number) and int(train_id) == IGNORED:
        return None
    if not number.is_integer():
        raise ValueError(
            f'label: ids maps {key!r} to {train_id}: class numbers are whole '
            f'numbers, and NaN can only be ignored ({IGNORED})'
        )
    return int(number)
