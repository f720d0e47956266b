"""IDTReeS 2020: plots of two sites, with crowns as polygons."""

import csv
from pathlib import Path

import numpy as np
import shapefile
from rasterio import Affine

from fake_data.files import write_tif

SIZE = 20  # pixels of 1 m
# Taxon on record -> left, bottom, right, top of a crown in metres from the
# lower left corner of the first plot of a site.
CROWNS = (
    ('ACRU', (1, 1, 9, 9)),
    ('PIPA2', (3, 3, 6, 6)),  # small, within the large one
    ('TSCA', (10, 10, 14, 14)),  # too rare for a class
    (None, (15, 1, 19, 4)),  # no species on record
    ('QURU', (18, 15, 25, 19)),  # reaches beyond the plot
)


def make_idtrees(root: Path, plots: int = 4) -> dict[str, np.ndarray]:
    """Write plots of both sites; crowns are in the first of each.

    Returns:
        Hyperspectral images (369, 20, 20) by plot.
    """
    rng = np.random.default_rng(0)
    images = {}
    taxa = []
    for site, west in (('MLBS', 500000.0), ('OSBS', 400000.0)):
        for number in range(1, plots + 1):
            plot, left = f'{site}_{number}', west + 100 * number
            place = Affine(1, 0, left, 0, -1, 4000020)
            grid = dict(crs='EPSG:32617', transform=place)
            images[plot] = rng.integers(0, 7000, (369, SIZE, SIZE), 'i2')
            folder = root / 'RemoteSensing'
            write_tif(folder / f'HSI/{plot}.tif', images[plot], **grid)
            height = rng.uniform(0, 20, (1, SIZE, SIZE)).astype('f4')
            write_tif(folder / f'CHM/{plot}.tif', height, **grid)
        taxa += _write_crowns(root / f'ITC/train_{site}', site, west + 100)
    path = root / 'Field/train_data.csv'
    path.parent.mkdir()
    with open(path, 'w', newline='') as file:
        rows = csv.writer(file)
        rows.writerows([['indvdID', 'siteID', 'taxonID'], *taxa])
    return images


def _write_crowns(path: Path, site: str, left: float) -> list[tuple]:
    path.parent.mkdir(exist_ok=True)
    taxa = []
    with shapefile.Writer(str(path), shapefile.POLYGON) as file:
        file.field('id', 'N')
        file.field('indvdID', 'C', 80)
        for number, (taxon, (west, south, east, north)) in enumerate(CROWNS):
            corners = [(west, south), (west, north), (east, north)]
            corners += [(east, south), (west, south)]
            ring = [[left + x, 4000000 + y] for x, y in corners]
            file.poly([ring])
            file.record(number, f'{site}{number:05}')
            if taxon is not None:
                taxa.append((f'{site}{number:05}', site, taxon))
    return taxa
