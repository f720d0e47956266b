"""Tiny copies of real datasets in their real layouts."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np
import rasterio
from PIL import Image
from rasterio import Affine
from rasterio.errors import NotGeoreferencedWarning

SIZE = 32
CITY_TILES = (
    'ROIs0000_autumn_CapeTown_p8',
    'ROIs0000_autumn_CapeTown_p10',
    'ROIs0000_spring_BlackForest_p1',
    'ROIs0000_winter_KippaRing_p3',
    'ROIs0000_autumn_BandarAnzali_p12',
)
CONTEST_TILES = (
    *(f'ROIs0000_test_0_p{i}' for i in range(10)),
    'ROIs0000_validation_0_p0',
    'ROIs0000_validation_0_p1',
)


def write_tif(
    path: Path,
    data: np.ndarray,
    crs: str | None = None,
    transform: Affine | None = None,
) -> None:
    """Write (C, H, W) as GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, height, width = data.shape
    profile = dict(
        driver='GTiff',
        count=bands,
        height=height,
        width=width,
        dtype=data.dtype,
        crs=crs,
        transform=transform,
    )
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', NotGeoreferencedWarning)
        with rasterio.open(path, 'w', **profile) as file:
            file.write(data)


def write_image(path: Path, data: np.ndarray) -> None:
    """Write (H, W) or (H, W, 3) uint8 as PNG or JPEG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(data).save(path)


def make_dfc2020(root: Path, tiles: Iterable[str]) -> None:
    """Write DFC2020 tiles; their ids tell the layout.

    SAR is float64 and NaN in the first row.
    """
    rng = np.random.default_rng(0)
    for tile in tiles:
        _, season, scene, number = tile.split('_')
        folder = {'validation': 'validation', 'test': '0'}.get(season, scene)
        s2 = rng.integers(100, 9000, (13, SIZE, SIZE)).astype('uint16')
        s1 = rng.normal(-15, 6, (2, SIZE, SIZE))
        s1[:, 0] = np.nan
        dfc = rng.choice([1, 2, 4, 5, 6, 7, 9, 10], (1, SIZE, SIZE))
        layers = dict(s2=s2, s1=s1, dfc=dfc.astype('int32'))
        for layer, data in layers.items():
            name = f'ROIs0000_{season}_{layer}_{scene}_{number}.tif'
            directory = root / f'ROIs0000_{season}' / f'{layer}_{folder}'
            write_tif(directory / name, data, 'EPSG:4326')


def make_ddhr(root: Path, count: int) -> None:
    """Write tiles 1..count of a city of DDHR."""
    rng = np.random.default_rng(0)
    for tile in range(1, count + 1):
        optical = rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8)
        sar = np.repeat(optical[..., :1], 3, axis=2)
        label = rng.choice([0, 1, 2, 3, 4, 255], (SIZE, SIZE))
        write_image(root / 'GF2' / f'{tile}.jpg', optical)
        write_image(root / 'GF3' / f'{tile}.jpg', sar)
        write_image(root / 'label' / f'{tile}.png', label.astype(np.uint8))


def make_ombria(root: Path, train: int = 20, test: int = 3) -> None:
    """Write OMBRIA with two tiles of Albania and all phases.

    The first rows are outside the scene: 0 in S2, 255 in S1.
    """
    for part, count in dict(train=train, test=test).items():
        for number in range(1, count + 1):
            for sensor in ('S1', 'S2'):
                for phase in ('before', 'after', 'mask'):
                    path = (
                        root
                        / f'Ombria{sensor}/{part}/{phase.upper()}'
                        / f'{sensor}_{phase}_{number:04}.png'
                    )
                    write_image(path, _ombria(sensor, phase, number))
    stems = dict(before='imbefore', after='imafter', mask='gt')
    for number in (0, 3):
        for sensor, folder in dict(S1='Sentinel1', S2='Sentinel2').items():
            for phase, stem in stems.items():
                path = (
                    root
                    / f'2021/ALBANIA/{folder}/{phase.upper()}'
                    / f'{stem}_{number}.png'
                )
                write_image(path, _ombria(sensor, phase, number))


def _ombria(sensor: str, phase: str, number: int) -> np.ndarray:
    seed = [len(sensor), len(phase), number]
    rng = np.random.default_rng(seed)
    if phase == 'mask':
        return 255 * rng.integers(0, 2, (SIZE, SIZE), np.uint8)
    shape = (SIZE, SIZE) if sensor == 'S1' else (SIZE, SIZE, 3)
    image = rng.integers(1, 255, shape, np.uint8)
    image[:2] = 255 if sensor == 'S1' else 0
    return image


def make_whu_opt_sar(root: Path, sheets: Iterable[str]) -> None:
    """Write sheets of WHU-OPT-SAR, 540 x 520 (H, W): four tiles and a rest.

    The last 30 rows have no label.
    """
    for number, sheet in enumerate(sheets):
        rng = np.random.default_rng(number)
        optical = rng.integers(0, 256, (4, 540, 520), np.uint8)
        label = rng.choice(np.arange(10, 80, 10, np.uint8), (1, 540, 520))
        label[:, -30:] = 0
        layers = dict(optical=optical, sar=optical[3:] // 2, lbl=label)
        place = Affine(5e-5, 0, 112.5 + number, 0, -5e-5, 31)
        for folder, data in layers.items():
            path = root / folder / f'{sheet}.tif'
            write_tif(path, data, 'EPSG:4326', place)


def make_c2seg_bw(root: Path) -> None:
    """Write C2Seg-BW: Beijing, five tiles, above each other, Wuhan, two.

    Numbers are float64, as MATLAB has them, and SAR has a NaN. Both cities
    are larger than their tiles.
    """
    rng = np.random.default_rng(0)
    sizes = dict(beijing=(1290, 258), wuhan=(256, 600))
    for city, size in sizes.items():
        sar = rng.normal(-20, 6, (*size, 2))
        sar[7, 5, 1] = np.nan
        images = dict(
            HSI=np.ones((size[0] // 3, size[1] // 3, 3)),
            MSI=rng.integers(200, 5000, (*size, 4)).astype('float64'),
            SAR=sar,
        )
        label = rng.integers(0, 14, size).astype('float64')
        write_matlab(root / 'data2' / f'{city}.mat', images)
        write_matlab(root / 'data2' / f'{city}_label.mat', dict(label=label))


def write_matlab(path: Path, variables: dict[str, np.ndarray]) -> None:
    """Write (H, W) or (H, W, C) arrays as MATLAB 7.3 does, column-major."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, 'w', userblock_size=512) as file:
        for name, data in variables.items():
            file.create_dataset(
                name, data=data.T, chunks=True, compression='gzip'
            )
