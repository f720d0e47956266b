"""Heights above the ground from surface models, whose heights are absolute.

    above_ground.py SURFACE [SURFACE ...] --to FOLDER --radius PIXELS

A surface model gives the height of what is on top, above the sea or an
ellipsoid: a roof in a valley is as high as a street on a hill. Here the
ground is taken for the morphological opening of the surface by a square of 2
radius + 1 pixels, the highest terrain below the surface on which such a square
can lie, and is subtracted. What is narrower than the square in one direction
(houses, trees) stands out afterwards. What is wider (a factory hall, a forest
without gaps) counts as ground, so the radius has to be larger than half of the
width of the widest building; with a needlessly large one, slopes stand out,
too. Nothing is fitted to labels.

Each SURFACE is a raster of one band, of any format of tiles; a variable of a
.mat file stands behind a colon, LiDAR.mat:LiDAR. FOLDER gets a GeoTIFF of the
same name and grid, in the unit of the surface, NaN where the surface is not
valid. What is there already is written again.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from multimodal_rs.data_prep.labelled_scene import variable
from multimodal_rs.data_prep.scene_files import Variable
from multimodal_rs.data_prep.tile_files import Stripe, placed, write_tile
from multimodal_rs.datasets.io.grid import Grid
from multimodal_rs.datasets.modality import Modality
from multimodal_rs.datasets.reading import prepared, read_layer
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.outputs import check_outputs


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the heights of every surface.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.
    """
    args = _parse(arguments)
    sources = [variable(word, Path()) for word in args.surfaces]
    targets = [args.to / f'{source.path.stem}.tif' for source in sources]
    named = {
        f'heights of {s}': t
        for s, t in zip(args.surfaces, targets, strict=True)
    }
    check_outputs(named, [source.path for source in sources])
    for source, target in zip(sources, targets, strict=True):
        heights, grid = _read(source, args.radius)
        stripe = Stripe(heights[None], nodata=np.nan, names=('height',))
        write_tile(target, stripe, placed(grid))
        middle, high = np.nanpercentile(heights, [50, 99])
        print(f'{target}: median {middle:.2f}, 99th percentile {high:.2f}')
    return 0


def _read(source: Variable, radius: int) -> tuple[np.ndarray, Grid]:
    """Read a surface; get its heights above the ground and its grid."""
    bands = ('height',)
    modality = Modality(
        'surface', bands=bands, file_bands=bands, key=source.key
    )
    layer = read_layer(str(source.path), modality)
    surface = prepared(layer.reading, modality)[0]
    try:
        return above_ground(surface, radius), layer.grid
    except ValueError as error:
        raise ValueError(f'{source.path}: {error}') from error


def above_ground(surface: np.ndarray, radius: int) -> np.ndarray:
    """Subtract the ground, as the opening of a surface finds it.

    Args:
        surface: (H, W) float32, NaN where it is not valid.
        radius: Of the square, in pixels; it has 2 radius + 1 rows.

    Returns:
        (H, W) float32, at least 0; NaN where the surface is not valid.

    Raises:
        ValueError: If the surface is valid nowhere, or the square is as large
            as the image.
    """
    size = 2 * radius + 1
    if size >= min(surface.shape):
        raise ValueError(
            f'a radius of {radius} pixels is a square of {size}, and the '
            f'surface has (H, W) {surface.shape}: nothing of the ground would '
            'be known, take a smaller radius or a larger piece'
        )
    valid = np.isfinite(surface)
    if not valid.any():
        raise ValueError(
            'the surface is valid nowhere: expected heights; check its nodata '
            'value'
        )
    lowest = ndimage.minimum_filter(
        np.where(valid, surface, np.inf), size, mode='nearest'
    )
    # A square without any valid pixel is no ground.
    lowest[np.isinf(lowest)] = -np.inf
    ground = ndimage.maximum_filter(lowest, size, mode='nearest')
    heights = np.full(surface.shape, np.nan, np.float32)
    np.subtract(surface, ground, out=heights, where=valid)
    return heights


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'surfaces', nargs='+', metavar='SURFACE', help='FILE or FILE.mat:NAME'
    )
    parser.add_argument(
        '--to', type=Path, required=True, metavar='FOLDER', help='to write to'
    )
    parser.add_argument(
        '--radius',
        type=int,
        required=True,
        metavar='PIXELS',
        help='more than half of the width of the widest building',
    )
    args = parser.parse_args(arguments)
    if args.radius < 1:
        parser.error(f'--radius must be 1 or more, got {args.radius}')
    return args


if __name__ == '__main__':
    run(main)
