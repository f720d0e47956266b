"""Rasters of scenes with sparse labels, as they are distributed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.repeated import stretched
from multimodal_rs.data_prep.scenes import SceneLayer, read_layer
from multimodal_rs.data_prep.tile_files import Stripe
from multimodal_rs.datasets.io.arrays import OpenedArray, array_names
from multimodal_rs.datasets.io.opened import OpenedRaster
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.utils.damage import reading

EXPECTED = 'a complete file of the data set: download it again'


@dataclass(frozen=True)
class Variable:
    """A raster: a file of any format, or a variable of a ``.mat`` file.

    Attributes:
        path: The file.
        key: Name of the variable, for ``.mat`` files.
    """

    path: Path
    key: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (self.path,)

    def open(self) -> OpenedRaster:
        """Open it for reading.

        Raises:
            KeyError: If the file has no such variable; lists what it has.
            ValueError: If it is damaged or no raster.
        """
        matlab = self.path.suffix.lower() == '.mat'
        key = self._found_key() if matlab else None
        return open_raster(str(self.path), key)

    def _found_key(self) -> str | None:
        """Find the variable; copies differ in upper and lower case."""
        names = array_names(str(self.path))
        if len(names) == 1 or self.key in names:
            return self.key if self.key in names else names[0]
        alike = [n for n in names if n.lower() == str(self.key).lower()]
        if len(alike) != 1:
            raise KeyError(
                f'{self.path}: expected the variable {self.key!r}, the file '
                f'has {names}: rename the right one, or download the file '
                'again'
            )
        return alike[0]


@dataclass(frozen=True, kw_only=True)
class CoarseVariable(Variable):
    """A raster whose pixels may be larger than those of another one.

    If it is smaller and can cover the same ground, it is seen on the grid of
    the other one, each pixel the nearest of its own. Otherwise it is what it
    is.

    Attributes:
        like: The other raster.
    """

    like: Variable

    def open(self) -> OpenedRaster:
        """Open it for reading, see :meth:`Variable.open`."""
        with self.like.open() as other:
            size = tuple(other.size)
        file = super().open()
        own = tuple(file.size)
        fine = None if own == size else stretched(file, size)
        if fine is None:
            return file
        print(
            f'Remark: {file.path} has (H, W) {own}, {self.like.path} {size}: '
            f'its pixels, {size[1] / own[1]:.3f} times as large, are '
            'repeated (nearest neighbour), as both cover the same ground'
        )
        return fine


@dataclass(frozen=True)
class Field:
    """A raster in a structure of a ``.mat`` file.

    Attributes:
        path: The file, of a version before 7.3.
        names: Variable, and fields inside of it.
    """

    path: Path
    names: tuple[str, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (self.path,)

    def open(self) -> OpenedRaster:
        """Read it.

        Raises:
            KeyError: If there is no such field; lists those that are.
            ValueError: If the file is damaged, or of version 7.3.
        """
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        known = (MatReadError, NotImplementedError)  # of version 7.3
        with reading(self.path, EXPECTED, known):
            content = loadmat(
                self.path,
                variable_names=[self.names[0]],
                squeeze_me=True,
                struct_as_record=False,
            )
        value = self._descend(content)
        with reading(self.path, EXPECTED):
            array = np.asarray(value, np.float64)
            if array.ndim not in (2, 3):
                raise ValueError(
                    f'{".".join(self.names)} has shape {array.shape}'
                )
        array = array[..., None] if array.ndim == 2 else array
        return OpenedArray(array, str(self.path))

    def _descend(self, content: Mapping) -> object:
        value = content
        for depth, name in enumerate(self.names):
            if isinstance(value, np.ndarray):  # several structures: the first
                value = value.flat[0]
            fields = value if depth == 0 else vars(value)
            if name not in fields:
                there = [n for n in fields if not n.startswith('_')]
                raise KeyError(
                    f'{self.path}: expected {".".join(self.names)}, got '
                    f'{there} in place of {name!r}: download the file again'
                )
            value = fields[name]
        return value


def read_image(file: OpenedRaster, measured: frozenset[int]) -> Stripe:
    """Read all bands of an image, and what its file says about them.

    Args:
        file: It.
        measured: Bands that hold measurements even if the file says alpha.

    Raises:
        ValueError: If it is damaged or complex, or says something of its
            bands that no GeoTIFF can say.
    """
    return read_layer(file, SceneLayer(Path(file.path), measured=measured))
