"""Preparation of IDTReeS 2020, usually in data/idtrees.

Put the folders RemoteSensing, ITC and Field of the training data there. The
crowns are burnt into label rasters on the 1 m grid of the images: a pixel
belongs to the crown that covers its centre, the smallest where several do.
Reading the polygons needs pyshp. What is there already stays.

One split is written below splits:

plots-seed<seed>
    Plots 60:15:25 at random, site by site. Crowns of a plot are in one part
    only; the sites are in all parts, as they share one species only.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, natural_sort, shuffled
from multimodal_rs.data_prep.tile_files import Stripe, placed, write_tile
from multimodal_rs.datasets.idtrees import OTHER, TAXA, site_of
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.utils.command_line import run
from multimodal_rs.utils.damage import reading

IMAGES, LABELS = 'RemoteSensing/HSI', 'labels'
SHARES = dict(val=0.15, test=0.25)  # of the plots of each site
EXPECTED = 'a complete file of the data set: download it again'


class Crown(NamedTuple):
    """A tree as seen from above.

    Attributes:
        shape: Polygon as GeoJSON has it.
        area: Of the rectangle around it, square metres.
        number: In the label raster.
    """

    shape: Mapping
    area: float
    number: int


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Divide the plots of each site at random."""
    split = dict(train=[], val=[], test=[])
    for site in sorted(set(map(site_of, tiles))):
        plots = shuffled((t for t in tiles if site_of(t) == site), seed)
        val, test = (round(share * len(plots)) for share in SHARES.values())
        split['val'] += plots[:val]
        split['test'] += plots[val : val + test]
        split['train'] += plots[val + test :]
    parts = {part: natural_sort(plots) for part, plots in split.items()}
    return {f'plots-seed{seed}': parts}


def write_labels(data_root: Path) -> None:
    """Burn the crowns of all plots that have no label raster yet.

    Raises:
        FileNotFoundError: If there are no crowns, or no species.
        ValueError: If a file is damaged.
    """
    images = sorted((data_root / IMAGES).glob('*.tif'))
    labels = {p: data_root / LABELS / p.name for p in images}
    missing = {p: label for p, label in labels.items() if not label.is_file()}
    if not missing:
        return
    crowns = list(read_crowns(data_root))
    for image, label in missing.items():
        with open_raster(str(image)) as file:
            grid = file.grid
        raster = Stripe(burn(crowns, grid)[None], compressed=True)
        write_tile(label, raster, placed(grid))
    print(f'{data_root / LABELS}: crowns of {len(missing)} plots, written')


def read_crowns(data_root: Path) -> Iterator[Crown]:
    """Read the polygons of all crowns, with the numbers of their species.

    Raises:
        FileNotFoundError: If there are none, or no species.
        ValueError: If a file is damaged.
    """
    shapefile = _import_shapefile(data_root)
    taxa = read_taxa(data_root / 'Field' / 'train_data.csv')
    paths = sorted((data_root / 'ITC').glob('*.shp'))
    if not paths:
        raise FileNotFoundError(
            f'{data_root}/ITC holds no polygons (*.shp): put the folder ITC '
            'of the training data there'
        )
    for path in paths:
        with reading(path, EXPECTED, (shapefile.ShapefileException,)):
            with shapefile.Reader(str(path)) as file:
                for found in file.iterShapeRecords():
                    left, bottom, right, top = found.shape.bbox
                    taxon = taxa.get(found.record['indvdID'])
                    yield Crown(
                        found.shape.__geo_interface__,
                        (right - left) * (top - bottom),
                        TAXA.index(taxon) + 1 if taxon in TAXA else OTHER,
                    )


def read_taxa(path: Path) -> dict[str, str]:
    """Read which tree is of which taxon.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If it is damaged or lacks a column.
    """
    with (
        reading(path, f'columns indvdID and taxonID; {EXPECTED}'),
        open(path, encoding='latin-1', newline='') as file,
    ):
        return {r['indvdID']: r['taxonID'] for r in csv.DictReader(file)}


def burn(crowns: Sequence[Crown], grid: Grid) -> np.ndarray:
    """Draw crowns on a grid, large ones first, (H, W) uint8.

    Args:
        crowns: In the reference system of the grid; they may lie outside.
        grid: Size and position.
    """
    from rasterio.features import rasterize

    ordered = sorted(crowns, key=lambda crown: -crown.area)
    return rasterize(
        ((crown.shape, crown.number) for crown in ordered),
        out_shape=grid.size,
        transform=grid.transform,
        dtype='uint8',
    )


def _import_shapefile(data_root: Path) -> ModuleType:
    try:
        import shapefile
    except ImportError as error:
        raise ImportError(
            f'the crowns in {data_root}/ITC are ESRI shapefiles: `pip install '
            'pyshp` to read them'
        ) from error
    return shapefile


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__,
        'idtrees.py',
        make_splits,
        arguments=arguments,
        before=write_labels,
    )


if __name__ == '__main__':
    run(main)
