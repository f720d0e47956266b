#!/usr/bin/env python3
"""Map of a whole scene.

    python tools/infer_scene.py CONFIG CHECKPOINT --out map.tif
        --raster opt=s2.tif sar=s1.tif --preview map.png

Any subset of the modalities will do. Rasters may lie on different grids: the
map, a GeoTIFF, has that of --like, or the one with the smallest pixels.
Rasters larger than the memory are fine.
"""

import argparse

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from _launch import check_file, parse_pairs, parse_rasters


def parse_args() -> argparse.Namespace:
    parser = command_line.CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--raster',
        nargs='+',
        required=True,
        metavar='MODALITY=PATH',
        help='what to read, for one or more modalities; a modality with a '
        'file per band comes as often as it has bands',
    )
    parser.add_argument(
        '--out', required=True, help='GeoTIFF of the classes to write'
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
        '--preview', help='PNG to write, the rasters beside the map'
    )
    _add_grid(parser)
    parser.add_argument(
        '--crop', type=int, default=256, help='window in pixels (256)'
    )
    parser.add_argument(
        '--stride',
        type=int,
        help='pixels between windows (half of --crop)',
    )
    parser.add_argument(
        '--batch-size', type=int, default=4, help='windows at once (4)'
    )
    parser.add_argument(
        '--device', default='auto', help='cpu, cuda, cuda:1, ... (auto)'
    )
    return parser.parse_args()


def _add_grid(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--like',
        metavar='MODALITY or FILE',
        help='whose grid the map has, where the rasters have different ones '
        '(the one with the smallest pixels)',
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


def main() -> None:
    args = parse_args()
    restrict_checkpoint_loading()
    check_file('config', args.config)
    check_file('checkpoint', args.checkpoint)
    rasters = parse_rasters(args.raster)
    methods = parse_pairs('--resampling', args.resampling)
    from multimodal_rs.apis import SceneGrid, SceneMapper, init_model

    grid = SceneGrid(
        args.like,
        args.resolution,
        {name: given[-1] for name, given in methods.items()},
    )
    model = init_model(args.config, args.checkpoint, args.device)
    mapper = SceneMapper(model, args.crop, args.stride, args.batch_size)
    watch = mapper.map(
        rasters,
        args.out,
        args.probabilities,
        args.preview,
        progress=True,
        confidence=args.confidence,
        answered=args.answered,
        grid=grid,
    )
    device = next(model.parameters()).device
    shares = ', '.join(
        f'{part} {seconds / watch.whole:.0%}'
        for part, seconds in watch.seconds.items()
    )
    print(
        f'Wrote {args.out} in {watch.whole:.1f} s '
        f'({", ".join(rasters)}; {device}; {shares})'
    )
    if args.preview:
        print(f'Wrote {args.preview}')


if __name__ == '__main__':
    main()
