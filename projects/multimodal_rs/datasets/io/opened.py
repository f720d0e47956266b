"""An opened raster: what it offers, whatever the kind of its file."""

import abc
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from multimodal_rs.datasets.io.grid import Grid

# ((row start, row stop), (column start, column stop)), half open, in pixels.
Window = tuple[tuple[int, int], tuple[int, int]]
Nodata = float | tuple[float | None, ...] | None


class Scaling(NamedTuple):
    """What a file says its numbers mean: number * scale + offset.

    Attributes:
        scales: One per band.
        offsets: One per band.
    """

    scales: tuple[float, ...]
    offsets: tuple[float, ...]


class OpenedRaster(abc.ABC):
    """A raster whose bands can be read. A context manager.

    Attributes:
        path: What it was opened from.
        bands: Number of bands.
        size: (H, W) in pixels.
        missing: Which blocks nobody has written, for a message. Their pixels
            have the nodata value that the file declares: without one it is
            refused. Empty: none is missing.
    """

    path: str
    bands: int
    size: tuple[int, int]
    missing: str = ''

    def __enter__(self) -> 'OpenedRaster':
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    @abc.abstractmethod
    def grid(self) -> Grid:
        """Size and position."""

    @property
    def file_names(self) -> Sequence[str]:
        """Files that it consists of; arrays have none."""
        return ()

    @property
    def has_control_points(self) -> bool:
        """Whether points or RPCs place it, not a grid."""
        return False

    @property
    def categorical(self) -> bool:
        """Whether its numbers stand for classes: it has a colour table."""
        return False

    @property
    def alpha(self) -> int | None:
        """Where the band (0-based) is that says where there is an image."""
        return None

    @property
    def is_array(self) -> bool:
        """Whether it is an array, which declares neither place nor nodata."""
        return False

    @property
    @abc.abstractmethod
    def dtypes(self) -> Sequence[str]:
        """Name of the type of each band."""

    @abc.abstractmethod
    def nodata(self, bands: Sequence[int]) -> Nodata:
        """Get the nodata value that some bands (0-based) declare.

        One per band where they differ; None without one.
        """

    @property
    def names(self) -> Sequence[str | None]:
        """What the file calls its bands; None where it says nothing."""
        return (None,) * self.bands

    def scaling(self, bands: Sequence[int]) -> Scaling | None:
        """Get the scale and offset that some bands (0-based) declare.

        None: the numbers are what they are.
        """
        return None

    def masked(
        self,
        bands: Sequence[int],
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        measured: Collection[int] = (),
    ) -> np.ndarray | None:
        """Read which pixels a mask or an alpha band calls empty.

        Args:
            bands: 0-based indices.
            window: What to read of the grid. None reads all of it.
            out_shape: (H, W) to reduce it to, as the bands were.
            measured: Bands that hold measurements even if the file calls one
                of them alpha.

        Returns:
            True where empty, (H, W) for all bands at once or (C, H, W) per
            band; None: there is neither mask nor alpha band.
        """
        return None

    @abc.abstractmethod
    def close(self) -> None:
        """Let go of the file."""

    @abc.abstractmethod
    def _read(
        self,
        bands: Sequence[int],
        window: Window | None,
        out_shape: tuple[int, int] | None,
        dtype: str | None,
    ) -> np.ndarray:
        """Read bands that are known to exist."""

    def read(
        self,
        bands: Sequence[int] | None = None,
        window: Window | None = None,
        out_shape: tuple[int, int] | None = None,
        dtype: str | None = None,
    ) -> np.ndarray:
        """Read some bands and nothing else.

        Args:
            bands: 0-based indices, in the order wanted. None reads all.
            window: What to read of the grid. None reads all of it.
            out_shape: (H, W) to reduce it to, taking every n-th pixel.
            dtype: Type to convert to while reading. None keeps the file's.

        Returns:
            (C, H, W), bands in the order asked for.

        Raises:
            ValueError: If a band does not exist or is complex, or the file is
                damaged.
        """
        return self._read(self.checked(bands), window, out_shape, dtype)

    def checked(
        self,
        bands: Sequence[int] | None,
        count: int | None = None,
        modality: str | None = None,
    ) -> Sequence[int]:
        """Check that bands exist and hold real numbers.

        Args:
            bands: 0-based indices. None: all.
            count: Number of bands that the file must have. None: any.
            modality: For which it is read. None: for none.

        Returns:
            The indices.

        Raises:
            ValueError: If that is not so.
        """
        whose, advice = (
            self.path,
            'a label has one, with class ids, not colours',
        )
        if modality is not None:
            whose += f' (modality {modality!r})'
            advice = 'take the raster of this modality, or correct that'
        if count not in (None, self.bands):
            raise ValueError(
                f'{whose} has {self.bands} bands, expected {count}: as many '
                'as `file_bands` of the modality has names, in that order; '
                f'{advice}'
            )
        if bands is None:
            bands = range(self.bands)
        missing = [b for b in bands if not 0 <= b < self.bands]
        if missing:
            raise ValueError(
                f'{whose} has {self.bands} bands (0 to {self.bands - 1}), '
                f'but bands {missing} were asked for: take a file with the '
                'bands that the modality declares, or correct its `bands` '
                '(0-based) or `file_bands`'
            )
        types = sorted({self.dtypes[b] for b in bands})
        if any(t.startswith('complex') for t in types):
            # Its real part alone means nothing.
            raise ValueError(
                f'{self.path} holds complex numbers ({", ".join(types)}): '
                'expected real ones: convert single-look complex data to '
                'intensity or dB'
            )
        return bands
