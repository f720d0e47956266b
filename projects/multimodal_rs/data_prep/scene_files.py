"""Files in which hyperspectral scenes and their sparse labels are kept."""

import abc
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from multimodal_rs.data_prep.scene_rasters import EXPECTED, Field, Variable
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.masks import masked_ids
from multimodal_rs.datasets.label import LabelRaster
from multimodal_rs.utils.damage import reading


class Labels(abc.ABC):
    """Where it is written which pixel has which class."""

    @property
    @abc.abstractmethod
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""

    @abc.abstractmethod
    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read the numbers of the classes, (H, W) int64.

        Args:
            size: (H, W) of the images.

        Raises:
            ValueError: If a pixel lies outside of them, or has no number.
        """


@dataclass(frozen=True)
class RasterOfLabels(Labels):
    """A raster of numbers.

    Attributes:
        source: The raster.
        none: A number for no class, besides those that the declaration of
            the data set ignores.
    """

    source: Variable | Field
    none: int | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return self.source.files

    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read it, see :class:`Labels`."""
        with self.source.open() as file:
            data, nodata = file.read(), file.nodata((0,))
            masked = masked_ids(file, (0,))
            grid, path = file.grid, file.path
        if data.shape != (1, *size):
            turned = data.shape[1:] == size[::-1]
            raise ValueError(
                f'{path}: a label raster of (bands, H, W) {data.shape}, '
                f'expected {(1, *size)}, the grid of the images'
                + (': it is transposed' if turned else '')
                + ': download the file again'
            )
        empty = ~np.isfinite(data[0])
        if masked is not None:
            empty |= masked
        if self.none is not None:
            empty |= data[0] == self.none
        numbers = np.where(empty, 0, data[0]).astype(np.int64)
        wrong = ~empty & (numbers != data[0])
        if wrong.any():
            raise ValueError(
                f'{path}: {int(wrong.sum())} labels are no whole numbers: '
                'download the file again'
            )
        return LabelRaster(numbers, empty, nodata, grid)


@dataclass(frozen=True)
class JoinedLabels(Labels):
    """The labels of two rasters, which name no pixel differently.

    In both, 0 is no class.
    """

    one: Labels
    other: Labels

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (*self.one.files, *self.other.files)

    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read them, see :class:`Labels`."""
        label, other = self.one.read(size), self.other.read(size)
        there, more = _labelled(label), _labelled(other)
        differ = there & more & (label.numbers != other.numbers)
        if differ.any():
            raise ValueError(
                f'{self.other.files[0]}: {int(differ.sum())} pixels have '
                f'another class than in {self.one.files[0]}, expected one '
                'class per pixel: the two files do not belong together'
            )
        numbers = np.where(more, other.numbers, label.numbers)
        return label._replace(numbers=numbers, empty=~(there | more))


@dataclass(frozen=True)
class RestOfLabels(Labels):
    """The labels of one raster that another one does not have.

    In both, 0 is no class.
    """

    everything: Labels
    taken: Labels

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (*self.everything.files, *self.taken.files)

    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read it, see :class:`Labels`."""
        label = self.everything.read(size)
        taken = _labelled(self.taken.read(size))
        return label._replace(empty=~_labelled(label) | taken)


@dataclass(frozen=True)
class IndexedLabels(Labels):
    """Pixels of a raster of numbers that a list of places names.

    Attributes:
        source: The raster, 0 is no class.
        places: (N, 2), rows and columns, counted from 0.
    """

    source: Labels
    places: Variable

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (*self.source.files, *self.places.files)

    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read it, see :class:`Labels`."""
        with self.places.open() as file:
            places = file.read()[0].astype(np.int64)  # (N, 2)
        rows, columns = check_places(places, size, self.places.path)
        label = self.source.read(size)
        listed = np.zeros(size, bool)
        listed[rows, columns] = True
        labelled = _labelled(label)
        unlabelled = np.count_nonzero(~labelled[rows, columns])
        if unlabelled:
            before = labelled[rows - 1, columns - 1].all()
            hint = ', or the list counts from 1, not from 0' if before else ''
            raise ValueError(
                f'{self.places.path}: {unlabelled} of {len(places)} listed '
                'pixels have no class in the label raster: expected a class '
                f'for each; the two files do not belong together{hint}'
            )
        return label._replace(empty=~listed)


@dataclass(frozen=True)
class RegionText(Labels):
    """Regions of interest that ENVI has exported as text.

    Each region is a class: ``; ROI npts: 198`` names its size in the head of
    the file; then follow lines ``number column row ...``, counted from 1, for
    one region after the other. Without a head a region begins where the
    numbers begin at 1 again.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be there."""
        return (self.path,)

    def read(self, size: tuple[int, int]) -> LabelRaster:
        """Read it, see :class:`Labels`."""
        with reading(self.path, EXPECTED):
            text = self.path.read_text(encoding='utf-8', errors='replace')
            head = [x for x in text.splitlines() if x.startswith(';')]
            sizes = [int(x.split(':')[1]) for x in head if 'ROI npts:' in x]
            points = [
                [int(word) for word in line.split()[:3]]
                for line in text.splitlines()
                if line.strip() and not line.startswith(';')
            ]
            points = np.array(points, np.int64).reshape(-1, 3)
        if not sizes:
            starts = np.flatnonzero(points[:, 0] == 1).tolist()
            sizes = np.diff([*starts, len(points)]).tolist()
        if sum(sizes) != len(points):
            raise ValueError(
                f'{self.path}: the head lists regions of {sizes} points, '
                f'expected as many points, got {len(points)}: export the '
                'regions of interest as text again'
            )
        places = points[:, :0:-1] - 1
        rows, columns = check_places(places, size, self.path, first=1)
        numbers = np.zeros(size, np.int64)
        numbers[rows, columns] = np.repeat(np.arange(len(sizes)) + 1, sizes)
        if np.count_nonzero(numbers) < len(points):
            raise ValueError(
                f'{self.path}: a pixel is in several regions, expected one '
                'class per pixel: export the regions again'
            )
        return LabelRaster(numbers, numbers == 0, None, Grid(size))


def _labelled(label: LabelRaster) -> np.ndarray:
    """Say where there is a class, (H, W) bool, where 0 is none."""
    labelled = label.numbers != 0
    return labelled if label.empty is None else labelled & ~label.empty


def check_places(
    places: np.ndarray, size: tuple[int, int], path: Path, first: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Check that listed pixels lie inside of an image.

    Args:
        places: (N, 2), rows and columns from 0.
        size: (H, W).
        path: Of the file, for the message.
        first: What the file calls the first row and column.

    Returns:
        Rows and columns.

    Raises:
        ValueError: If one lies outside, or they are no pairs.
    """
    if places.ndim != 2 or places.shape[1] != 2:
        turned = places.ndim == 2 and places.shape[0] == 2
        raise ValueError(
            f'{path}: expected pairs of row and column, (N, 2), got an array '
            f'of shape {places.shape}'
            + (': it is transposed' if turned else '')
            + ': download the file again'
        )
    outside = _outside(places, size)
    if outside.any():
        some = [tuple(p) for p in places[outside][:3].tolist()]
        cause = 'the labels belong to another image'
        if not first and not _outside(places - 1, size).any():
            cause = f'the list counts from 1, not from 0, or {cause}'
        else:
            cause += ', or rows and columns are swapped'
        raise ValueError(
            f'{path}: {int(outside.sum())} labelled pixels lie outside of the '
            f'image of (H, W) {size}, such as (row, column) {some}: {cause}'
        )
    return places[:, 0], places[:, 1]


def _outside(places: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return ((places < 0) | (places >= np.array(size))).any(axis=1)


def locate(root: Path, name: str) -> Path:
    """Find a file in a folder, or wherever below it an archive has put it.

    Copies differ in upper and lower case.

    Returns:
        Its path; where it should be, if it is not there or in several places.
    """
    if (root / name).is_file():
        return root / name
    found = copies_of(root, name)
    return found[0] if len(found) == 1 else root / name


def copies_of(root: Path, name: str) -> list[Path]:
    """List the files of a name in a folder and below it, in any case."""
    found = (p for p in root.rglob('*') if p.name.lower() == name.lower())
    return sorted(found)


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
