"""One rule for when rasters share a grid; systems in many ways of writing."""

import re

import numpy as np
import pytest
from rasterio import Affine
from rasterio.crs import CRS

from multimodal_rs.datasets.io.grid import (
    TOLERANCE,
    Grid,
    differences,
    same_crs,
    shared_grid,
    shift,
)

UTM = CRS.from_epsg(32632)
PLACE = Affine(10, 0, 500000, 0, -10, 6e6)
GEOID = (
    'VERT_CS["EGM96 height",VERT_DATUM["EGM96 geoid",2005],'
    'UNIT["metre",1],AXIS["Gravity-related height",UP]]'
)


def grid(
    transform: Affine = PLACE,
    crs: CRS | None = UTM,
    size: tuple[int, int] = (100, 200),
) -> Grid:
    return Grid(size, crs, transform)


def moved(columns: float, rows: float = 0.0) -> Affine:
    return PLACE @ Affine.translation(columns, rows)


def differ(first: Grid, other: Grid) -> list[str]:
    return differences(dict(opt=first, sar=other))


@pytest.mark.parametrize(
    ('other', 'same'),
    [
        (moved(0), True),
        (moved(0.04), True),
        (moved(0.0, -0.04), True),
        (moved(0.06), False),
        (moved(0.5, 0.5), False),  # corner taken for centre
        # 10 m, with an error that is small per pixel, large at the far end.
        (Affine(10.001, 0, 500000, 0, -10, 6e6), True),
        (Affine(10.01, 0, 500000, 0, -10, 6e6), False),
        (Affine(10, 0, 500000, 0, 10, 6e6 - 1000), False),  # upside down
        (Affine(10, 1e-3, 500000, 1e-3, -10, 6e6), True),
        (Affine(10, 1e-1, 500000, 1e-1, -10, 6e6), False),  # turned
    ],
)
def test_corners_decide(other: Affine, same: bool) -> None:
    assert (differ(grid(), grid(other)) == []) == same
    assert (differ(grid(other), grid()) == []) == same


def test_shift_is_in_pixels_of_large_coordinates() -> None:
    fine = Affine(0.2, 0, 873782.4, 0, -0.2, 6891028.8)
    other = fine @ Affine.translation(0.25, -0.125)
    assert shift(fine, other, (512, 512)) == pytest.approx(0.25, abs=1e-6)
    assert shift(fine, fine, (10**5, 10**5)) < 1e-6 < TOLERANCE


def test_differences_name_both_values() -> None:
    other = Grid((100, 199), CRS.from_epsg(32633), moved(3))
    size, crs, transform = differ(grid(), other)
    assert size == 'size (H, W) (100, 200) of opt and (100, 199) of sar'
    assert crs == 'CRS EPSG:32632 of opt and EPSG:32633 of sar'
    assert '500000.0' in transform and '500030.0' in transform


def test_what_is_not_stated_contradicts_nothing() -> None:
    array = Grid((100, 200))
    dummy = Grid((100, 200), CRS.from_epsg(4326))  # as DFC2020's files
    world_file = grid(crs=None)
    everything = dict(a=array, b=dummy, c=world_file, d=grid())
    assert differences(everything) == []
    assert shared_grid(everything) == grid()
    assert differ(array, Grid((100, 201))) != []
    # Between the two that say where they lie, whatever stands before them.
    assert differences(dict(a=array, c=world_file, d=grid(moved(1)))) != []


def without_codes(crs: CRS) -> str:
    return re.sub(r',AUTHORITY\["EPSG","\d+"\]', '', crs.to_wkt())


def local(crs: CRS, name: str | None = None, unit: str = 'metre') -> str:
    """Write a system as programs do that lose its projection."""
    factor = dict(metre='1', foot='0.3048')[unit]
    name = name or crs.to_wkt().split('"')[1]
    return (
        f'LOCAL_CS["{name}",UNIT["{unit}",{factor}],AXIS["Easting",EAST],'
        'AXIS["Northing",NORTH]]'
    )


LAMBERT = CRS.from_epsg(2154)
WAYS = {
    'WKT2': (UTM, UTM.to_wkt(version='WKT2_2019')),
    'ESRI': (UTM, UTM.to_wkt(morph_to_esri_dialect=True)),
    'PROJ': (UTM, '+proj=utm +zone=32 +datum=WGS84 +units=m +no_defs'),
    'no codes': (UTM, without_codes(UTM)),
    'no name': (UTM, without_codes(UTM).replace('WGS 84 / UTM', 'x', 1)),
    'geographic PROJ': (CRS.from_epsg(4326), '+proj=longlat +datum=WGS84'),
    'Lambert PROJ': (
        LAMBERT,
        '+proj=lcc +lat_0=46.5 +lon_0=3 +lat_1=49 +lat_2=44 +x_0=700000 '
        '+y_0=6600000 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m',
    ),
    # The masks of FLAIR are written so, its images with the projection.
    'local': (LAMBERT, local(LAMBERT)),
    'local, ESRI name': (LAMBERT, local(LAMBERT, 'RGF93_v1_Lambert-93')),
    'heights': (UTM, f'COMPD_CS["UTM + EGM96",{UTM.to_wkt()},{GEOID}]'),
    'heights by code': (UTM, 'EPSG:32632+5773'),
    'heights, degrees': (CRS.from_epsg(4326), 'EPSG:9518'),
    'heights, local': (
        LAMBERT,
        f'COMPD_CS["a",{local(LAMBERT)},{GEOID}]',
    ),
}


@pytest.mark.parametrize(('crs', 'text'), WAYS.values(), ids=list(WAYS))
def test_one_system_in_many_ways(crs: CRS, text: str) -> None:
    other = CRS.from_string(text)
    assert same_crs(crs, other) and same_crs(other, crs)
    assert differ(grid(crs=crs), grid(crs=other)) == []


OTHERS = {
    'zone': (UTM, 'EPSG:32633'),
    'datum': (UTM, 'EPSG:25832'),
    'hemisphere': (UTM, 'EPSG:32732'),
    'degrees': (UTM, 'EPSG:4326'),
    'heights': (UTM, f'COMPD_CS["a",{CRS.from_epsg(32633).to_wkt()},{GEOID}]'),
    'local name': (LAMBERT, local(LAMBERT, 'Lambert-2')),
    'local unit': (LAMBERT, local(LAMBERT, unit='foot')),
    'unnamed': (LAMBERT, local(LAMBERT, 'unknown')),
}


@pytest.mark.parametrize(('crs', 'text'), OTHERS.values(), ids=list(OTHERS))
def test_other_systems_are_told_apart(crs: CRS, text: str) -> None:
    other = CRS.from_string(text)
    assert not same_crs(crs, other) and not same_crs(other, crs)
    (found,) = differ(grid(crs=crs), grid(crs=other))
    assert found.startswith('CRS ')


def test_rotated_grids_are_compared_along_their_own_axes() -> None:
    turned = Affine.translation(5e5, 6e6) @ Affine.rotation(30) @ PLACE
    shifted = turned @ Affine.translation(0.2, 0)
    assert shift(turned, shifted, (10, 10)) == pytest.approx(0.2, abs=1e-6)
    assert np.isclose(shift(turned, turned, (10, 10)), 0, atol=1e-6)
