"""The flags of ``multimodal-rs-map`` and ``tools/infer_scene.py``."""

import argparse

from multimodal_rs.apis.outputs import PLACE
from multimodal_rs.inference.grids import UNREADABLE
from multimodal_rs.models.missing_image import BLACK, MEAN
from multimodal_rs.products.make import add_product_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all flags but those of config and checkpoint."""
    parser.add_argument(
        '--raster',
        nargs='+',
        default=[],
        metavar='MODALITY=PATH',
        help='what to read, for one or more modalities; a modality with a '
        'file per band comes as often as it has bands; FILE.mat:VARIABLE is '
        f'one of several variables. With {PLACE} in it, all scenes whose '
        'files are there',
    )
    parser.add_argument(
        '--scenes',
        metavar='CSV',
        help='in the place of --raster, a table of scenes: the column scene '
        'and one with files for each modality',
    )
    parser.add_argument(
        '--out',
        required=True,
        help=f'GeoTIFF of the classes to write; {PLACE} in it and in other '
        'names stands for the name of the scene',
    )
    parser.add_argument(
        '--probabilities', help='GeoTIFF to write, percent for each class'
    )
    parser.add_argument(
        '--confidence',
        help='GeoTIFF to write, percent: probability of the answer, and its '
        'margin over the second',
    )
    parser.add_argument(
        '--answered', help='GeoTIFF to write, which modalities have data'
    )
    parser.add_argument(
        '--preview',
        help='PNG to write, the rasters beside the map; with --reference also '
        'what is known and where the map errs',
    )
    _add_running(parser)
    _add_grid(parser)
    _add_windows(parser)
    add_product_arguments(parser)


def _add_running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--resume',
        action='store_true',
        help='leave scenes as they are that are finished, and go on after the '
        'rows that a run has finished which was killed or told to end',
    )
    parser.add_argument(
        '--log-file',
        metavar='FILE',
        help='text file to append to: a line a minute with the time left, '
        'and what else is said',
    )


def _add_grid(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--like',
        metavar='MODALITY or FILE',
        help='whose grid the map has, where the rasters have different ones '
        f'(the one with the smallest pixels); {PLACE} stands in a file, too',
    )
    parser.add_argument(
        '--resolution',
        type=float,
        help='side of a pixel of the map in map units (that of --like)',
    )
    parser.add_argument(
        '--resampling',
        nargs='+',
        default=[],
        metavar='MODALITY=METHOD',
        help='bilinear, average or nearest, for rasters on another grid than '
        "the map's",
    )
    parser.add_argument(
        '--unreadable',
        choices=UNREADABLE,
        default=UNREADABLE[0],
        help='what happens where a raster is damaged: stop, or go on without '
        'these pixels and say which they were (%(default)s)',
    )


def _add_windows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--crop',
        type=int,
        help='window in pixels (that of the crops in training, else 256)',
    )
    parser.add_argument(
        '--stride',
        type=int,
        help='pixels between windows (half of --crop; as many as its margin '
        'allows if the network declares one)',
    )
    parser.add_argument(
        '--batch-size', type=int, default=4, help='windows at once (4)'
    )
    parser.add_argument(
        '--adapt',
        type=float,
        default=0.0,
        metavar='SHARE',
        help='how much of the statistics of batch normalisation is measured '
        'in the scene, 0 to 1; 0.4 where it lies elsewhere than the training '
        'data (0)',
    )
    parser.add_argument(
        '--missing',
        choices=(BLACK, MEAN),
        help='what stands for a sensor that is missing, in a network without '
        'heads for single sensors (as in training)',
    )
    parser.add_argument(
        '--specialists',
        nargs='+',
        default=[],
        metavar='CHECKPOINT',
        help='networks that were trained with some of the sensors: each '
        'answers where exactly these are valid',
    )
    parser.add_argument(
        '--device', default='auto', help='cpu, cuda, cuda:1, ... (auto)'
    )
