"""C2Seg-BW: scenes, tiles of them, and the patches of the challenge."""

from pathlib import Path

import numpy as np

from fake_data.files import write_matlab, write_tif

TILE = 'wuhan/02560_03328'


def make_c2seg_bw(root: Path, bands: int = 3) -> None:
    """Write C2Seg-BW: Beijing, five tiles, above each other, Wuhan, two.

    Numbers are float64, as MATLAB has them, and SAR has a NaN. Both cities
    are larger than their tiles, and pixels of HSI say where they are. Beside
    the images is another raster of labels, with numbers as of CORINE.
    """
    rng = np.random.default_rng(0)
    sizes = dict(beijing=(1290, 258), wuhan=(256, 600))
    for city, size in sizes.items():
        sar = rng.normal(-20, 6, (*size, 2))
        sar[7, 5, 1] = np.nan
        images = dict(
            HSI=_places(-(-size[0] // 3), -(-size[1] // 3), bands),
            MSI=rng.integers(200, 5000, (*size, 4)).astype('float64'),
            SAR=sar,
            label=rng.choice([-1.0, 5, 6, 11, 12, 41], size),
        )
        label = rng.integers(0, 14, size).astype('float64')
        write_matlab(root / 'data2' / f'{city}.mat', images)
        write_matlab(root / 'data2' / f'{city}_label.mat', dict(label=label))


def _places(rows: int, columns: int, bands: int) -> np.ndarray:
    """(H, W, C), 1000 * row + column, the same in every band."""
    places = 1000 * np.arange(rows)[:, None] + np.arange(columns)
    return np.repeat(places[..., None].astype('float32'), bands, axis=2)


def make_layers(size: int) -> dict[str, np.ndarray]:
    """Return (bands, size, size) per folder, SAR with a NaN."""
    rng = np.random.default_rng(0)
    sar = rng.normal(-20, 6, (2, size, size)).astype('float32')
    sar[1, 3, 4] = np.nan
    return dict(
        msi=rng.integers(0, 12000, (4, size, size)).astype('float32'),
        sar=sar,
        label=rng.integers(0, 14, (1, size, size), np.uint8),
    )


def make_tile(root: Path) -> dict[str, np.ndarray]:
    """Write one tile of a scene, and a list of it."""
    tile = make_layers(256)
    for layer, data in tile.items():
        write_tif(root / f'tiles/{layer}/{TILE}.tif', data)
    (root / 'list.txt').write_text(TILE)
    return tile


def make_patch(root: Path) -> dict[str, np.ndarray]:
    """Write one patch of the challenge, and a list of it."""
    tile = make_layers(256)
    for layer, data in tile.items():
        write_tif(root / f'train/{layer}/5742.tiff', data)
    (root / 'list.txt').write_text('5742')
    return tile


def make_challenge(root: Path, count: int) -> None:
    """Write the folders of the challenge, patches smaller than the real."""
    layers = dict(make_layers(32), hsi=np.ones((116, 32, 32), 'float32'))
    for layer, data in layers.items():
        for number in range(1, count + 1):
            write_tif(root / f'train/{layer}/{number}.tiff', data)
        if layer != 'label':
            write_tif(root / f'test/{layer}/1.tiff', data)
