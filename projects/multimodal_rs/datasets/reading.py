"""Read the bands of a modality, as its declaration and its file say.

Tiles, statistics, checks and scenes all read through :class:`BandReader`, so
that a file means the same in each of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.opened import (
    Nodata,
    OpenedRaster,
    Scaling,
    Window,
)
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.names import spelt


class Reading(NamedTuple):
    """Numbers as they are in a file, and what the file says about them.

    Attributes:
        data: (C, H, W) in the type of the file, bands as declared.
        nodata: Nodata value of the file, one per band where they differ.
        masked: True where a mask or an alpha band of the file says empty,
            (H, W) or (C, H, W); None: it has none.
        scaling: Scale and offset to apply; None: none.
    """

    data: np.ndarray
    nodata: Nodata = None
    masked: np.ndarray | None = None
    scaling: Scaling | None = None


class ContradictionError(ValueError):
    """A file says something else than the declaration.

    Args:
        kind (str): A few words under which ``--check`` lists it.
        text (str): Where, expected, got, what to do.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class BandReader:
    """How one opened file is read for a modality.

    Args:
        file (OpenedRaster): The file.
        modality (Modality): The declaration.

    Attributes:
        bands: 0-based positions, in this file, of the bands to read.

    Raises:
        ValueError: If the file lacks a band.
        ContradictionError: If it names its bands in another order than
            declared and they are read by number, or has scale or offset tags
            and the declaration does not say what to do with them.
    """

    def __init__(self, file: OpenedRaster, modality: Modality) -> None:
        self.file = file
        self.modality = modality
        file.checked(modality.indices, modality.file_count, modality.name)
        self.bands = _located(file, modality)
        self._scaling = _scaling(file, modality, self.bands)
        self._nodata = file.nodata(self.bands)
        if file.missing and modality.nodata != 'file':
            raise ContradictionError(
                'missing blocks',
                f'{file.path}: {file.missing}, and modality '
                f'{modality.name!r} declares nodata={modality.nodata}, not '
                'what the file declares: write the file again, completely, '
                "or declare nodata='file'",
            )
        # Who turns nodata off trusts no mask of a file either; who gives an
        # array gives its mask himself.
        self._asks_mask = file.is_array or modality.nodata is not None

    def read(
        self,
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
    ) -> Reading:
        """Read the bands.

        Args:
            window: What to read of the grid. None reads all of it.
            out_shape: (H, W) to reduce it to, taking every n-th pixel.

        Raises:
            ValueError: If the file is damaged.
        """
        place = (self.bands, window, out_shape)
        masked = None
        with raster_session():
            data = self.file._read(*place, dtype=None)  # bands were checked
            if self._asks_mask:
                masked = self.file.masked(*place, self.modality.measured)
        return Reading(data, self._nodata, masked, self._scaling)

    def prepared(
        self,
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Read the bands in the units of a network.

        Returns:
            (channels, H, W) float32, NaN in all of an invalid pixel.
        """
        return prepared(self.read(window, out_shape), self.modality)


def prepared(reading: Reading, modality: Modality) -> np.ndarray:
    """Bring what was read into the units of a network.

    Returns:
        (channels, H, W) float32, NaN in all channels of an invalid pixel.
    """
    shape = modality.channels, *reading.data.shape[1:]
    out = np.empty(shape, np.float32)
    modality.prepare(*reading, out=out)
    return out


def at_pixels(reading: Reading, pixels: np.ndarray) -> Reading:
    """Keep some pixels of what was read.

    Args:
        reading: It.
        pixels: (H, W) bool.

    Returns:
        Of shape (C, N, 1).
    """
    masked = reading.masked
    return reading._replace(
        data=reading.data[:, pixels][..., None],
        masked=None if masked is None else masked[..., pixels][..., None],
    )


class PlacedReading(NamedTuple):
    """A modality of a tile.

    Attributes:
        reading: Its bands.
        grid: Where they lie.
    """

    reading: Reading
    grid: Grid


def read_layer(path: str, modality: Modality) -> PlacedReading:
    """Read a modality of one tile.

    Args:
        path: Its file.
        modality: The declaration.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or contradicts the declaration.
    """
    with raster_session(), open_raster(path, modality.key) as file:
        return PlacedReading(BandReader(file, modality).read(), file.grid)


def _located(file: OpenedRaster, modality: Modality) -> tuple[int, ...]:
    """Find the declared bands by what the file calls its bands."""
    declared = modality.file_bands
    named = file.names
    if declared is None or not any(named) or declared == named:
        return modality.indices
    wanted = [spelt(name) for name in declared]
    found = [spelt(name) for name in named]
    if all(f in ('', w) for f, w in zip(found, wanted, strict=True)):
        return modality.indices
    known = set(found) & set(wanted)
    if not any(
        f in known and f != w for f, w in zip(found, wanted, strict=True)
    ):
        return modality.indices  # other names, such as 'bands', say nothing
    by_name = all(isinstance(band, str) for band in modality.bands)
    same = sorted(found) == sorted(wanted)
    if by_name and same:
        return tuple(found.index(wanted[i]) for i in modality.indices)
    advice = ', or write names into `bands`: they are then found in any order'
    raise ContradictionError(
        'band order',
        f'{file.path}: the file calls its bands {list(named)}, but '
        f'`file_bands` of modality {modality.name!r} says {list(declared)}. '
        'Expected the same names in the same order: correct `file_bands`'
        + (advice if same else ', or what the file calls its bands'),
    )


def _scaling(
    file: OpenedRaster, modality: Modality, bands: Sequence[int]
) -> Scaling | None:
    """Decide about scale and offset tags.

    Raises:
        ContradictionError: If there are some and it does not say how.
    """
    if modality.scale == 'ignore':
        return None
    scaling = file.scaling(bands)
    if scaling is None or modality.scale == 'apply':
        return scaling
    raise ContradictionError(
        'scale tags',
        f'{file.path}: the file declares scale {_short(scaling.scales)} and '
        f'offset {_short(scaling.offsets)} for the bands '
        f'{list(modality.bands)} of modality {modality.name!r}. Write '
        "scale='apply' into its declaration to get number * scale + offset "
        '(`values`, `mean` and `std` then start from that), or '
        "scale='ignore' to go on with the numbers as they are stored. A "
        'network that is trained has decided: bring a scene into the numbers '
        'of the files of its training, `gdal_translate -unscale -ot Float32` '
        'for the first, `gdal_translate -a_scale 1 -a_offset 0` for the '
        'second',
    )


def _short(numbers: Sequence[float]) -> str:
    """Write one number where all are equal."""
    different = dict.fromkeys(numbers)
    return ', '.join(
        f'{n:g}' for n in (different if len(different) == 1 else numbers)
    )
