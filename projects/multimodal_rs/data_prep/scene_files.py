"""Files in which hyperspectral scenes and their sparse labels are kept."""

import abc
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from multimodal_rs.datasets.io.arrays import array_names
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

    def read(self) -> np.ndarray:
        """Read all of it, (C, H, W).

        Raises:
            KeyError: If the file has no such variable; lists what it has.
            ValueError: If it is damaged or no raster.
        """
        key = self._found_key() if self.path.suffix == '.mat' else None
        with open_raster(str(self.path), key) as file:
            return file.read()

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

    def read(self) -> np.ndarray:
        """Read all of it, (C, H, W).

        Raises:
            KeyError: If there is no such field; lists those that are.
            ValueError: If the file is damaged.
        """
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError

        with reading(self.path, EXPECTED, (MatReadError,)):
            content = loadmat(
                self.path,
                variable_names=[self.names[0]],
                squeeze_me=True,
                struct_as_record=False,
            )
        value = self._descend(content)
        with reading(self.path, EXPECTED):
            array = np.asarray(value, np.float64)
            return array[None] if array.ndim == 2 else array.transpose(2, 0, 1)

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


class Labels(abc.ABC):
    """Where it is written which pixel has which class."""

    @property
    @abc.abstractmethod
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""

    @abc.abstractmethod
    def read(self, size: tuple[int, int]) -> np.ndarray:
        """Read the numbers of the classes, (H, W) int, 0 where there is none.

        Args:
            size: (H, W) of the images.

        Raises:
            ValueError: If a pixel lies outside of them, or has no number.
        """


@dataclass(frozen=True)
class LabelRaster(Labels):
    """A raster of numbers.

    Attributes:
        source: The raster.
        none: Another number than 0 for no class.
    """

    source: Variable | Field
    none: int = 0

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return self.source.files

    def read(self, size: tuple[int, int]) -> np.ndarray:
        """Read it, see :class:`Labels`."""
        data = self.source.read()
        path = self.source.path
        if data.shape != (1, *size):
            turned = data.shape[1:] == size[::-1]
            raise ValueError(
                f'{path}: a label raster of (bands, H, W) {data.shape}, '
                f'expected {(1, *size)}, the grid of the images'
                + (': it is transposed' if turned else '')
                + ': download the file again'
            )
        with np.errstate(invalid='ignore'):
            numbers = data[0].astype(np.int64)
        if not (numbers == data[0]).all():
            raise ValueError(
                f'{path}: {int((numbers != data[0]).sum())} labels are no '
                'whole numbers: download the file again'
            )
        numbers[numbers == self.none] = 0
        return numbers


@dataclass(frozen=True)
class RestOfLabels(Labels):
    """The labels of one raster that another one does not have."""

    everything: Labels
    taken: Labels

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (*self.everything.files, *self.taken.files)

    def read(self, size: tuple[int, int]) -> np.ndarray:
        """Read it, see :class:`Labels`."""
        numbers = self.everything.read(size)
        return np.where(self.taken.read(size) == 0, numbers, 0)


@dataclass(frozen=True)
class IndexedLabels(Labels):
    """Pixels of a raster of numbers that a list of places names.

    Attributes:
        source: The raster.
        places: (N, 2), rows and columns, counted from 0.
    """

    source: Labels
    places: Variable

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (*self.source.files, *self.places.files)

    def read(self, size: tuple[int, int]) -> np.ndarray:
        """Read it, see :class:`Labels`."""
        places = self.places.read()[0].astype(np.int64)  # (N, 2)
        rows, columns = check_places(places, size, self.places.path)
        numbers = self.source.read(size)
        listed = np.zeros_like(numbers)
        listed[rows, columns] = numbers[rows, columns]
        unlabelled = np.count_nonzero(listed[rows, columns] == 0)
        if unlabelled:
            raise ValueError(
                f'{self.places.path}: {unlabelled} of {len(places)} listed '
                'pixels have no class in the label raster: expected a class '
                'for each; the two files do not belong together'
            )
        return listed


@dataclass(frozen=True)
class RegionText(Labels):
    """Regions of interest that ENVI has exported as text.

    Each region is a class: ``; ROI npts: 198`` names its size in the head of
    the file; then follow lines ``number column row ...``, counted from 1, for
    one region after the other.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (self.path,)

    def read(self, size: tuple[int, int]) -> np.ndarray:
        """Read it, see :class:`Labels`."""
        with reading(self.path, EXPECTED):
            text = self.path.read_text(encoding='utf-8', errors='replace')
            head = [x for x in text.splitlines() if x.startswith(';')]
            sizes = [int(x.split(':')[1]) for x in head if 'ROI npts:' in x]
            points = [
                [int(word) for word in line.split()[1:3]]
                for line in text.splitlines()
                if line.strip() and not line.startswith(';')
            ]
        if sum(sizes) != len(points):
            raise ValueError(
                f'{self.path}: the head lists regions of {sizes} points, '
                f'expected as many points, got {len(points)}: export the '
                'regions of interest as text again'
            )
        places = np.array(points, np.int64).reshape(-1, 2)[:, ::-1] - 1
        rows, columns = check_places(places, size, self.path)
        numbers = np.zeros(size, np.int64)
        numbers[rows, columns] = np.repeat(np.arange(len(sizes)) + 1, sizes)
        if np.count_nonzero(numbers) < len(points):
            raise ValueError(
                f'{self.path}: a pixel is in several regions, expected one '
                'class per pixel: export the regions again'
            )
        return numbers


def check_places(
    places: np.ndarray, size: tuple[int, int], path: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Check that listed pixels lie inside of an image.

    Args:
        places: (N, 2), rows and columns from 0.
        size: (H, W).
        path: Of the file, for the message.

    Returns:
        Rows and columns.

    Raises:
        ValueError: If one lies outside, or they are no pairs.
    """
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(
            f'{path}: expected pairs of row and column, got an array of shape '
            f'{places.shape}: download the file again'
        )
    outside = ((places < 0) | (places >= np.array(size))).any(axis=1)
    if outside.any():
        some = [tuple(p) for p in places[outside][:3].tolist()]
        raise ValueError(
            f'{path}: {int(outside.sum())} labelled pixels lie outside of the '
            f'image of (H, W) {size}, such as (row, column) {some}: the '
            'labels belong to another image, or rows and columns are swapped'
        )
    return places[:, 0], places[:, 1]


def locate(root: Path, name: str) -> Path:
    """Find a file in a folder, or wherever below it an archive has put it.

    Returns:
        Its path; where it should be, if it is not there or in several places.
    """
    if (root / name).is_file():
        return root / name
    found = list(root.rglob(name))
    return found[0] if len(found) == 1 else root / name


@dataclass(frozen=True)
class SceneForm:
    """One of the forms in which a scene is distributed.

    Attributes:
        name: For people.
        layers: Modality -> raster.
        train: Labels to train on; all, if there is no split.
        test: Labels to test on; None: there is no split.
        checksums: Name of a file -> SHA-256 of the copy that is known.
    """

    name: str
    layers: Mapping[str, Variable | Field]
    train: Labels
    test: Labels | None
    checksums: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> list[Path]:
        """What has to be there."""
        parts: Sequence = (*self.layers.values(), self.train, self.test)
        files = (f for part in parts if part is not None for f in part.files)
        return list(dict.fromkeys(files))

    @property
    def missing(self) -> list[Path]:
        """Files that are not there."""
        return [f for f in self.files if not f.is_file()]

    def changed(self) -> list[str]:
        """Name the files that are other copies than the known ones."""
        known = {p: self.checksums.get(p.name) for p in self.files}
        return [p.name for p, k in known.items() if k and sha256(p) != k]


def sha256(path: Path) -> str:
    """Compute the checksum of a file."""
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
