"""SpaceNet 6: tiles of two strips with footprints, in the archive's layout."""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rasterio import Affine

from fake_data.files import write_tif

FOLDER = 'train/AOI_11_Rotterdam'
FILE = 'SN6_Train_AOI_11_Rotterdam'
SIZE = 40  # pixels of half a metre
NORTH = 5749000.0
STRIPS = ('20190804111224_20190804111453', '20190822070610_20190822070846')
# Columns and rows of a tile at which buildings have their corners.
BUILDINGS = (
    ((4, 6), (16, 6), (16, 12), (4, 12)),  # 18 square metres
    ((30, 20), (60, 20), (60, 30), (30, 30)),  # reaches beyond the tile
)
GRIDS = dict(crs='EPSG:32631')


class Place(NamedTuple):
    """Where a tile begins, by its group of five from west to east."""

    strip: int
    number: int
    left: float


# Two in each group, one of each strip; the last one reaches from 2 to 3.
PLACES = tuple(
    Place(i % 2, i, 591550 + 940 * (i // 2) + 100 * (i % 2)) for i in range(10)
) + (Place(0, 10, 591550 + 3 * 940 - 10),)


def tile_name(place: Place) -> str:
    return f'{STRIPS[place.strip]}_tile_{place.number}'


def make_spacenet6(root: Path) -> dict[str, dict[str, np.ndarray]]:
    """Write the tiles; every third one has no building.

    Returns:
        Tile -> sensor -> (C, H, W); the first four columns lack radar.
    """
    rng = np.random.default_rng(0)
    made = {}
    rows = [['ImageId', 'TileBuildingId', 'PolygonWKT_Pix']]
    for place in PLACES:
        tile = tile_name(place)
        transform = Affine(0.5, 0, place.left, 0, -0.5, NORTH)
        shape = SIZE, SIZE
        radar = rng.uniform(5, 70, (4, *shape)).astype('f4')
        radar[:, :, :4] = 0
        bands = {
            'PS-RGBNIR': rng.integers(1, 2000, (4, *shape)).astype('u2'),
            'PS-RGB': rng.integers(1, 256, (3, *shape)).astype('u1'),
            'PAN': rng.integers(1, 2000, (1, *shape)).astype('u2'),
            'SAR-Intensity': radar,
        }
        for sensor, data in bands.items():
            path = root / FOLDER / sensor / f'{FILE}_{sensor}_{tile}.tif'
            write_tif(path, data, transform=transform, **GRIDS)
        made[tile] = bands
        buildings = () if place.number % 3 == 2 else BUILDINGS
        write_footprints(root, tile, transform, buildings)
        for number, corners in enumerate(buildings or [()]):
            rows.append([tile, number, wkt(corners)])
    folder = root / FOLDER / 'SummaryData'
    folder.mkdir(parents=True)
    with open(folder / f'{FILE}_Buildings.csv', 'w', newline='') as file:
        csv.writer(file).writerows(rows)
    lines = (f'{strip} {side}\n' for side, strip in enumerate(STRIPS))
    (folder / 'SAR_orientations.txt').write_text(''.join(lines))
    return made


def footprint_path(root: Path, tile: str) -> Path:
    folder = root / FOLDER / 'geojson_buildings'
    return folder / f'{FILE}_Buildings_{tile}.geojson'


def write_footprints(
    root: Path, tile: str, transform: Affine, buildings: tuple
) -> None:
    """Write polygons, closed and with heights as the third number."""
    rings = [
        [[*_place(transform, corner), 0.0] for corner in (*c, c[0])]
        for c in buildings
    ]
    shapes = [dict(type='Polygon', coordinates=[ring]) for ring in rings]
    system = dict(name='urn:ogc:def:crs:EPSG::32631')
    content = dict(
        type='FeatureCollection',
        crs=dict(type='name', properties=system),
        features=[
            dict(type='Feature', properties={}, geometry=g) for g in shapes
        ],
    )
    path = footprint_path(root, tile)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def wkt(corners: tuple) -> str:
    if not corners:
        return 'POLYGON EMPTY'
    ring = ', '.join(f'{x} {y} 0' for x, y in (*corners, corners[0]))
    return f'POLYGON (({ring}))'


def _place(t: Affine, corner: tuple[float, float]) -> tuple[float, float]:
    x, y = corner
    return t.a * x + t.c, t.e * y + t.f
