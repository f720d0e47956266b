"""Preparation of SpaceNet 6 (MSAW), usually in data/spacenet6.

Unpack the archive of the training part there, so that there is
data/spacenet6/train/AOI_11_Rotterdam. The footprints of the buildings, in
geojson_buildings or, if that folder is missing, in the table in SummaryData,
are burnt into label rasters below labels, on the grid of the radar images.
What is there already stays.

Further configs: spacenet6_rgb.py (8-bit colours), spacenet6_pan.py (and the
panchromatic band), spacenet6_20m2.py (without buildings below 20 square
metres, as the organisers' baseline was trained; labels_<area>m2 as the label's
directory sets another area), spacenet6_turned.py (strips that were imaged from
the south are turned by 180 degrees, as in that baseline).

Two splits are written below splits:

easting
    Five groups from west to east, those of the baseline: three for training,
    one for validation, the easternmost, with which the baseline validates,
    for testing. The same ground is in many strips, but in one list only:
    tiles that reach across a border between lists are in none.

random-622-seed<seed>
    6:2:2 by tile. Almost all ground of the test list is in the training list
    too, in other strips: the scores say nothing about buildings that were not
    seen.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from multimodal_rs.data_prep.footprints import (
    Footprints,
    burn,
    in_tile,
    read_geojson,
    read_table,
)
from multimodal_rs.data_prep.prepare import (
    build_dataset,
    prepare,
    usual_parser,
)
from multimodal_rs.data_prep.splits import Split, natural_sort, random_split
from multimodal_rs.data_prep.tile_files import Stripe, placed, write_tile
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import open_raster, raster_session
from multimodal_rs.datasets.spacenet6 import (
    FILE,
    FOLDER,
    TILE,
    SpaceNet6Dataset,
)
from multimodal_rs.utils.command_line import run
from multimodal_rs.utils.installation import dataset_config
from multimodal_rs.utils.progress import progress

CONFIG = 'spacenet6.py'
SAR = 'SAR-Intensity', '.tif'
POLYGONS = f'{FOLDER}/geojson_buildings'
TABLE = f'{FOLDER}/SummaryData/{FILE}_Buildings.csv'
LABELS = re.compile('labels(?:_([0-9]+)m2)?')
# West and east edge of the baseline's groups, metres of UTM zone 31.
WEST, EAST, GROUPS = 591550.0, 596250.0, 5
PARTS = ('train', 'train', 'train', 'val', 'test')  # of the groups


def make_splits(
    dataset: SpaceNet6Dataset, tiles: Sequence[str], seed: int
) -> dict[str, Split]:
    """Make the split by easting, and the random one."""
    easting: Split = dict(train=[], val=[], test=[])
    across = 0
    with raster_session():
        covered = {t: parts_of(label_grid(dataset, t)) for t in tiles}
    for tile, parts in covered.items():
        if len(parts) == 1:
            easting[parts.pop()].append(tile)
        else:
            across += 1
    easting = {part: natural_sort(ids) for part, ids in easting.items()}
    print(f'easting: {across} tiles reach across a border, in no list')
    return {
        'easting': easting,
        f'random-622-seed{seed}': random_split(tiles, seed),
    }


def parts_of(grid: Grid) -> set[str]:
    """List the parts whose ground a tile covers."""
    step = grid.transform.a
    left = grid.transform.c + step / 2  # middle of the first column
    right = left + step * (grid.size[1] - 1)
    first, last = map(group_of, (left, right))
    return {PARTS[group] for group in range(first, last + 1)}


def group_of(easting: float) -> int:
    """Get the group of a place; the outer ones go on for ever."""
    group = int((easting - WEST) // ((EAST - WEST) / GROUPS))
    return min(max(group, 0), GROUPS - 1)


def write_labels(dataset: SpaceNet6Dataset) -> None:
    """Burn the footprints of all tiles that have no label raster yet.

    Raises:
        FileNotFoundError: If tiles lack their footprints or their image.
        ValueError: If a file is damaged, footprints do not lie in their
            tile, or there are none at all.
    """
    folder = dataset.label.dir
    smallest = smallest_of(folder)
    tiles = dataset.list_tiles(*SAR)
    paths = {tile: label_path(dataset, tile) for tile in tiles}
    missing = [tile for tile in tiles if not paths[tile].is_file()]
    if not missing:
        return
    footprints = find_footprints(Path(dataset.data_root), tiles, missing)
    with raster_session():
        grids = {tile: image_grid(dataset, tile) for tile in missing}
    buildings = {
        tile: in_tile(footprints[tile], grids[tile], smallest)
        for tile in missing
    }
    count = sum(map(len, buildings.values()))
    if not count and len(missing) == len(tiles):
        raise ValueError(
            f'{dataset.data_root}: the footprints of {len(tiles)} tiles hold '
            f'no building of {smallest} square metres or more: download the '
            'archive again, or take a smaller area'
        )
    for tile in progress(missing, 'labels'):
        label = burn(buildings[tile], grids[tile].size)
        stripe = Stripe(label[None], compressed=True)
        write_tile(paths[tile], stripe, placed(grids[tile]))
    print(f'{folder}: {count} buildings in {len(missing)} tiles, written')


def smallest_of(folder: str) -> int:
    """Read off the name of a folder which buildings its labels have.

    Returns:
        Area of the smallest, in square metres.

    Raises:
        ValueError: If the name says nothing about it.
    """
    found = LABELS.fullmatch(folder)
    if found is None:
        raise ValueError(
            f'label, dir: expected labels, or labels_<area>m2 without '
            f'buildings below so many square metres, got {folder!r}: correct '
            'it in the config'
        )
    return int(found[1] or 0)


def find_footprints(
    data_root: Path, tiles: Sequence[str], wanted: Sequence[str]
) -> Mapping[str, Footprints]:
    """Read the footprints of some tiles.

    Args:
        data_root: Folder of the dataset.
        tiles: All that have an image.
        wanted: Those to read.

    Raises:
        FileNotFoundError: If there are none, or tiles lack them or their
            image.
        ValueError: If a file is damaged.
    """
    folder, table = data_root / POLYGONS, data_root / TABLE
    if folder.is_dir():
        start = f'{FILE}_Buildings_'
        paths = {
            path.stem.removeprefix(start): path
            for path in folder.glob(f'{start}*.geojson')
        }
        check_complete(tiles, paths, folder)
        return {tile: read_geojson(paths[tile]) for tile in wanted}
    if not table.is_file():
        raise FileNotFoundError(
            f'{data_root} has no footprints: expected GeoJSON files in '
            f'{folder}, or the table {table}. Unpack the archive there'
        )
    found = read_table(table, TILE)
    check_complete(tiles, found, table)
    return found


def check_complete(
    tiles: Sequence[str], found: Mapping[str, object], where: Path
) -> None:
    """Compare the tiles that have an image with those that have footprints.

    Raises:
        FileNotFoundError: If some lack one of them.
    """
    images, labelled = set(tiles), set(found)
    for what, lack in (
        (f'footprints in {where}', images - labelled),
        (f'image in {FOLDER}/{SAR[0]}', labelled - images),
    ):
        if lack:
            names = ', '.join(natural_sort(lack)[:5])
            raise FileNotFoundError(
                f'{len(lack)} of {len(images | labelled)} tiles lack their '
                f'{what}: {names}. Unpack the archive completely, or take '
                'their other files out of the folders'
            )


def image_grid(dataset: SpaceNet6Dataset, tile: str) -> Grid:
    """Get size and position of a radar image.

    Raises:
        ValueError: If it does not say where it lies.
    """
    path = Path(dataset.data_root, dataset.tile_path(tile, 'sar', *SAR))
    with open_raster(str(path)) as file:
        grid = file.grid
    if not grid.placed:
        raise ValueError(
            f'{path} does not say where it lies, which footprints and the '
            'split by easting need: unpack the archive again, its files do'
        )
    return grid


def label_path(dataset: SpaceNet6Dataset, tile: str) -> Path:
    """Say where the label raster of a tile is."""
    label = dataset.label
    place = dataset.tile_path(tile, 'label', label.dir, label.suffix)
    return Path(dataset.data_root, place)


def label_grid(dataset: SpaceNet6Dataset, tile: str) -> Grid:
    """Get size and position of a label raster."""
    with open_raster(str(label_path(dataset, tile))) as file:
        return file.grid


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    args = usual_parser(__doc__, CONFIG).parse_args(arguments)
    config = dataset_config(args.config or CONFIG)
    dataset = build_dataset(config, args.data_root)
    return prepare(
        __doc__,
        CONFIG,
        partial(make_splits, dataset),
        arguments=arguments,
        before=lambda _: write_labels(dataset),
    )


if __name__ == '__main__':
    run(main)
