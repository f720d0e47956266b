"""Preparation of ISPRS Vaihingen or Potsdam with the surface model.

Usually in data/vaihingen or data/potsdam; what is in the folder tells which.
Unpack the archives there. Of Vaihingen these folders are used:

    top    dsm
    ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE
    ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE

and where the last two are missing, gts_for_participants and
gts_eroded_for_participants, which have the 16 training areas only. Of Potsdam:

    4_Ortho_RGBIR    1_DSM
    5_Labels_for_participants    5_Labels_for_participants_no_Boundary
    5_Labels_all    5_Labels_all_noBoundary

They may lie in one more folder, as programs make that unpack an archive into
a folder of its name. Some archives of labels hold no folder: files that lie
where they were unpacked, beside the folders, are taken, too, where an area
has no others.

Potsdam's labels of 6_7 and 4_12 have colours that differ a little from those
of the classes: they are rounded, and a remark says so.

Areas with both labels are cut into tiles of 256x256 below tiles. What is left
at the right and at the bottom is not used. An interrupted run goes on where
it stopped; a second one changes nothing. Two splits are written below splits:

official-seed<seed>
    The areas of the benchmark for training and for testing (Vaihingen 16 and
    17, Potsdam 24 and 14). There is no validation part: a fifth of the
    training areas, taken at random, is one.

common
    Many papers divide the training areas: Vaihingen 12 to train and 4 (5, 15,
    21, 30) to test, Potsdam 18 and 6 (2_11, 3_10, 4_10, 5_11, 6_11, 7_12).
    There is no validation part.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.pure_colors import PureColorsLayer
from multimodal_rs.data_prep.scenes import FOLDER, Scene, SceneLayer, scene_of
from multimodal_rs.data_prep.splits import (
    Split,
    hold_out,
    natural_sort,
    scene_split,
)
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.utils.command_line import run
from multimodal_rs.utils.files import atomic_path


@dataclass(frozen=True)
class Town:
    """What differs between the two.

    Attributes:
        config: Name of its config.
        layers: Folder of the tiles -> patterns of the files, the first that
            an area has is taken, directly before one folder deeper.
        number: Finds the numbers of an area in a file's name.
        train: Training areas of the benchmark.
        common: Those of them that many papers test on.
    """

    config: str
    layers: dict[str, tuple[str, ...]]
    number: str
    train: tuple[str, ...]
    common: tuple[str, ...]

    def find(self, data_root: Path, layer: str) -> dict[str | None, Path]:
        """Find the files of a layer: area -> file."""
        places = [p for n in self.layers[layer] for p in _places(n)]
        return {
            self.area(path): path
            for place in reversed(places)  # the first one wins
            for path in sorted(data_root.glob(place))
        }

    def area(self, path: Path) -> str | None:
        """Get the area of a file: ``area1``, or ``2_10`` for ``02_10``."""
        found = re.search(self.number, path.name)
        if found is None:
            return None
        name = '_'.join(str(int(number)) for number in found.groups())
        return f'area{name}' if len(found.groups()) == 1 else name


VAIHINGEN = Town(
    config='vaihingen.py',
    layers=dict(
        top=('top/top_mosaic_09cm_area*.tif',),
        dsm=('dsm/dsm_09cm_matching_area*.tif',),
        label=(
            'ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE/*.tif',
            'gts_for_participants/*.tif',
            'top_mosaic_09cm_area*[0-9].tif',
        ),
        label_eroded=(
            'ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE/'
            '*_noBoundary.tif',
            'gts_eroded_for_participants/*_noBoundary.tif',
            'top_mosaic_09cm_area*_noBoundary.tif',
        ),
    ),
    number=r'area(\d+)',
    train=tuple(
        f'area{number}'
        for number in (
            *(1, 3, 5, 7, 11, 13, 15, 17),
            *(21, 23, 26, 28, 30, 32, 34, 37),
        )
    ),
    common=('area5', 'area15', 'area21', 'area30'),
)
POTSDAM = Town(
    config='potsdam.py',
    layers=dict(
        top=('4_Ortho_RGBIR/top_potsdam_*_RGBIR.tif',),
        dsm=('1_DSM/dsm_potsdam_*.tif',),
        # The file of 4_12 in 5_Labels_all has blurred colours.
        label=(
            '5_Labels_for_participants/top_potsdam_*_label.tif',
            '5_Labels_all/top_potsdam_*_label.tif',
            'top_potsdam_*_label.tif',
        ),
        label_eroded=(
            '5_Labels_for_participants_no_Boundary/*_label_noBoundary.tif',
            '5_Labels_all_noBoundary/*_label_noBoundary.tif',
            'top_potsdam_*_label_noBoundary.tif',
        ),
    ),
    number=r'potsdam_(\d+)_(\d+)',
    train=(
        *(f'{row}_{column}' for row in range(2, 6) for column in (10, 11, 12)),
        *(f'{row}_{column}' for row in (6, 7) for column in range(7, 13)),
    ),
    common=('2_11', '3_10', '4_10', '5_11', '6_11', '7_12'),
)
COMPLETED = 'completed'  # folder of surface models that lacked a column


def _places(pattern: str) -> tuple[str, ...]:
    """Say where files of a pattern may lie."""
    return (pattern, f'*/{pattern}') if '/' in pattern else (pattern,)


def town_of(data_root: Path) -> Town:
    """Tell from its folders which town is in a folder."""
    of_potsdam = ('1_DSM', '*/1_DSM', f'{FOLDER}/dsm/2_10')
    found = any(any(data_root.glob(name)) for name in of_potsdam)
    return POTSDAM if found else VAIHINGEN


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the split of the benchmark and the one within its training part."""
    areas = natural_sort({scene_of(tile) for tile in tiles})
    town = VAIHINGEN if areas[0].startswith('area') else POTSDAM
    train = [area for area in areas if area in town.train]
    test = [area for area in areas if area not in town.train]
    _, val = hold_out(train, len(train) // 5, seed)
    public = [tile for tile in tiles if scene_of(tile) in train]
    return {
        f'official-seed{seed}': scene_split(tiles, scene_of, val, test),
        'common': scene_split(public, scene_of, (), town.common),
    }


def find_scenes(data_root: Path) -> list[Scene]:
    """List the areas that have both labels.

    Raises:
        FileNotFoundError: If one of them lacks its image or surface model.
    """
    town = town_of(data_root)
    files = {layer: town.find(data_root, layer) for layer in town.layers}
    labelled = {*files['label']} & {*files['label_eroded']}
    areas = natural_sort(area for area in labelled if area is not None)
    for layer in ('top', 'dsm'):
        missing = [area for area in areas if area not in files[layer]]
        if missing:
            raise FileNotFoundError(
                f'{data_root}: {len(missing)} of {len(areas)} areas with '
                f'labels lack their {layer}, {", ".join(missing[:5])}. '
                f'Expected files {town.layers[layer][0]}: unpack the archive'
            )
    unused = len(set().union(*files.values())) - len(areas)
    if unused:
        print(f'{unused} areas lack one of the two labels and are not used')
    scenes = []
    for area in areas:
        paths = {layer: files[layer][area] for layer in town.layers}
        paths['dsm'] = completed(paths['dsm'], paths['top'], data_root)
        layers = {n: SceneLayer(path) for n, path in paths.items()}
        for name in ('label', 'label_eroded'):
            layers[name] = PureColorsLayer(paths[name])
        # Near infrared is no transparency, whatever a file with four bands
        # of 8 bits says.
        layers['top'] = SceneLayer(paths['top'], measured=range(4))
        scenes.append(Scene(area, layers))
    return scenes


def completed(surface: Path, image: Path, data_root: Path) -> Path:
    """Give a surface model the size of its image if a row or column lacks.

    Returns:
        The file itself, or a copy below ``completed`` with NaN in what was
        missing at the bottom and at the right.
    """
    with raster_session():
        with open_raster(str(image)) as file:
            height, width = file.grid.size
        with open_raster(str(surface)) as file:
            rows, columns = file.grid.size
    lacks = height - rows, width - columns
    if lacks not in ((0, 1), (1, 0), (1, 1)):
        return surface  # other differences are for the cutting to refuse
    target = data_root / COMPLETED / surface.name
    if target.is_file():
        return target
    with warnings.catch_warnings(), atomic_path(target) as temporary:
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(surface) as file:
            data, profile = file.read(), file.profile
        whole = np.full((len(data), height, width), np.nan, np.float32)
        whole[:, :rows, :columns] = data
        profile.update(
            height=height, width=width, dtype='float32', nodata=np.nan
        )
        with rasterio.open(temporary, 'w', **profile) as file:
            file.write(whole)
    print(f'{surface}: {lacks} rows and columns lack, completed in {target}')
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__,
        lambda data_root: town_of(data_root).config,
        make_splits,
        scene_of,
        find_scenes,
        arguments=arguments,
    )


if __name__ == '__main__':
    run(main)
