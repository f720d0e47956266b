"""Archive of simulated data: the files that DFC2020 consists of."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

from multimodal_rs.datasets.io.raster import check_written
from multimodal_rs.simulation.differences import (
    NO_DIFFERENCES,
    SensorDifferences,
)
from multimodal_rs.simulation.fields import Shape
from multimodal_rs.simulation.regions import draw_region
from multimodal_rs.simulation.signatures import BANDS, POLARISATIONS
from multimodal_rs.simulation.simulator import (
    Sample,
    draw_season,
    simulate,
)
from multimodal_rs.utils.files import atomic_path, read_json, write_text

# Raise it when the same seed makes other bytes: folders written before are
# then refused instead of being filled up with other data.
VERSION = 2

LAYOUTS = ('city', 'contest')
CITY = 'Simulated'
# Cities in DFC2020's names have letters only.
REGIONS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
ABROAD = 'Abroad'
# The patches of region r have the numbers from r * REGION on.
REGION = 10_000
# Sensor folder -> attribute of a sample.
RASTERS = {'s2': 's2', 's1': 's1', 'dfc': 'label'}
BAND_NAMES = {
    's2': BANDS,
    's1': POLARISATIONS,
    'label': ('class',),
    'dem': ('elevation in metres',),
    'displacement': ('rows', 'columns'),
}
# Of every 20 patches in a row 12 are for training, 3 for validation, 5 for
# testing, whatever the number of patches.
BLOCK = ('train',) * 12 + ('val',) * 3 + ('test',) * 5

SCENE_INDEX = 1_000_000  # no patch has this number
SCENE_CLOUDS = 0.2
SCENE_WEDGE = 0.05
SCENE_CRS = 'EPSG:32632'  # UTM 32 N
SCENE_TRANSFORM = Affine(10, 0, 660_000, 0, -10, 5_340_000)


def claim_folder(root: Path, made: Mapping, data: str) -> None:
    """Note in ``simulation.json`` how the data of a folder are made.

    Args:
        root: The folder.
        made: How; as JSON holds it.
        data: Pattern of the names of what it then holds.

    Raises:
        ValueError: If they are made in another way, or are there without a
            note.
    """
    note = root / 'simulation.json'
    if note.is_file():
        found = read_json(note, 'delete the folder or name another one')
    elif any(root.glob(data)):
        found = f'no {note.name}'
    else:
        write_text(note, json.dumps(made, indent=2) + '\n')
        return
    if found != made:
        raise ValueError(
            f'{root} holds other data: expected {made}, got {found}: '
            'delete the folder or name another one'
        )


@dataclass(frozen=True)
class Archive:
    """A folder of simulated patches.

    Attributes:
        root: The folder.
        layout: ``'city'`` (``ROIs0000_<season>/s2_<City>/...``) or
            ``'contest'`` (``ROIs0000_validation/s2_validation/...`` for
            training and validation, ``ROIs0000_test/s2_0/...`` for testing).
        size: Height and width of a patch in pixels.
        seed: Seed of everything.
        scene: (H, W) of the scene in pixels.
        differences: What SAR sees otherwise. Where it displaces, the
            displacement of each patch is written beside the images.
        dem: Whether there is an elevation model.

    Patches have numbers. Those below ``REGION`` lie at home, ``r * REGION +
    i`` is patch i of region r, see :mod:`multimodal_rs.simulation.regions`.
    """

    root: Path
    layout: str
    size: int
    seed: int
    scene: Shape = (640, 768)
    differences: SensorDifferences = NO_DIFFERENCES
    dem: bool = False

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise ValueError(
                f'layout must be one of {LAYOUTS}, got {self.layout!r}'
            )
        if self.size < 32 or self.seed < 0:
            raise ValueError(
                'a patch needs at least 32 pixels and the seed must not be '
                f'negative, got size {self.size} and seed {self.seed}'
            )

    def claim(self) -> None:
        """Note in ``simulation.json`` how the folder is made.

        Raises:
            ValueError: If the folder is made in another way, or holds the
                real data.
        """
        made = dict(
            simulator=VERSION,
            layout=self.layout,
            size=self.size,
            seed=self.seed,
            scene=list(self.scene),
        )
        # Only what is not the default, as folders from before have it.
        if self.differences != NO_DIFFERENCES:
            made['differences'] = asdict(self.differences)
        if self.dem:
            made['dem'] = True
        claim_folder(self.root, made, 'ROIs0000_*')

    @property
    def rasters(self) -> dict[str, str]:
        """Folder of each raster -> attribute of a sample."""
        rasters = dict(RASTERS)
        if self.dem:
            rasters['dem'] = 'dem'
        if self.differences.displacement:
            rasters['displacement'] = 'displacement'
        return rasters

    def names(self, index: int) -> tuple[str, str, str]:
        """Name season, folder and scene of a patch as the layout does."""
        region = index // REGION
        if self.layout == 'city':
            city = ABROAD + REGIONS[region - 1] if region else CITY
            return draw_season(self.seed, index), city, city
        if part_of(self.seed, index) == 'test':
            return 'test', '0', '0'
        return 'validation', 'validation', '0'

    def tile_id(self, index: int) -> str:
        """Name a patch as the split lists do."""
        season, _, scene = self.names(index)
        return f'ROIs0000_{season}_{scene}_p{index % REGION}'

    def paths(self, index: int) -> dict[str, Path]:
        """Where the rasters of a patch lie: attribute of a sample -> path."""
        season, folder, scene = self.names(index)
        base = self.root / f'ROIs0000_{season}'
        return {
            attribute: base
            / f'{sensor}_{folder}'
            / f'ROIs0000_{season}_{sensor}_{scene}_p{index % REGION}.tif'
            for sensor, attribute in self.rasters.items()
        }

    def write_patch(self, index: int) -> bool:
        """Simulate and write a patch unless it is there.

        Returns:
            Whether anything was written.
        """
        missing = {
            k: p for k, p in self.paths(index).items() if not p.exists()
        }
        if missing:
            sample = simulate(
                self.seed,
                index,
                (self.size, self.size),
                differences=self.differences,
                dem=self.dem,
                region=draw_region(index // REGION),
            )
            # As in the contest's files: a CRS that means nothing.
            _write(sample, missing, 'EPSG:4326', Affine.identity())
        return bool(missing)

    def write_scene(self) -> bool:
        """Write one large, georeferenced scene unless it is there."""
        folder = self.root / 'scene'
        paths = {k: folder / f'{k}.tif' for k in self.rasters.values()}
        missing = {k: p for k, p in paths.items() if not p.exists()}
        if missing:
            sample = simulate(
                self.seed,
                SCENE_INDEX,
                self.scene,
                cloud_cover=SCENE_CLOUDS,
                wedge=SCENE_WEDGE,
                diverse=True,
                differences=self.differences,
                dem=self.dem,
            )
            _write(sample, missing, SCENE_CRS, SCENE_TRANSFORM)
        return bool(missing)

    def abroad(self, regions: int, patches: int) -> list[int]:
        """Number the patches of other regions.

        Args:
            regions: How many regions.
            patches: In each of them.

        Raises:
            ValueError: If there are no names for them.
        """
        if regions and self.layout != 'city':
            raise ValueError(
                f'only the layout city has other regions, got {self.layout!r}'
            )
        if not 0 <= regions <= len(REGIONS) or patches >= REGION:
            raise ValueError(
                f'there can be up to {len(REGIONS)} regions with less than '
                f'{REGION} patches, got {regions} with {patches}'
            )
        return [
            region * REGION + number
            for region in range(1, regions + 1)
            for number in range(patches)
        ]

    def split(self, patches: int) -> dict[str, list[str]]:
        """Divide patches 60:15:25 into train, val and test.

        At random: patches are independent pieces of land, so a random split
        leaks nothing (with patches cut from the same scenes it would).
        """
        split = {part: [] for part in dict.fromkeys(BLOCK)}
        for index in range(patches):
            split[part_of(self.seed, index)].append(self.tile_id(index))
        return split


def part_of(seed: int, index: int) -> str:
    """Say which list a patch is in."""
    block, place = divmod(index, len(BLOCK))
    order = np.random.default_rng((seed, block, 1)).permutation(len(BLOCK))
    return BLOCK[order[place]]


def _write(
    sample: Sample, paths: dict[str, Path], crs: str, transform: Affine
) -> None:
    for attribute, path in paths.items():
        _write_raster(
            path,
            getattr(sample, attribute),
            BAND_NAMES[attribute],
            crs,
            transform,
        )


def _write_raster(
    path: Path,
    data: np.ndarray,
    names: tuple[str, ...],
    crs: str,
    transform: Affine,
) -> None:
    """Write an uncompressed GeoTIFF in strips, band after band.

    Band interleave: whoever reads 4 of 13 bands reads 4/13 of the file.
    """
    with atomic_path(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(
            temporary,
            'w',
            driver='GTiff',
            count=data.shape[0],
            height=data.shape[1],
            width=data.shape[2],
            dtype=data.dtype,
            interleave='band',
            crs=crs,
            transform=transform,
        ) as file:
            file.write(data)
            file.descriptions = names
        check_written(temporary)
