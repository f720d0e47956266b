#!/usr/bin/env python3
"""Map of a whole scene.

    python tools/infer_scene.py CONFIG CHECKPOINT --out map.tif
        --raster opt=s2.tif sar=s1.tif --preview map.png

The rasters share one grid; any subset of the modalities will do. The map is a
GeoTIFF on the same grid. Rasters larger than the memory are fine.
"""

import argparse

from _bootstrap import command_line, restrict_checkpoint_loading, start

start(__name__)

from _launch import check_file


def parse_args() -> argparse.Namespace:
    parser = command_line.CommandParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config', help='config file of the training')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--raster',
        nargs='+',
        required=True,
        metavar='MODALITY=PATH',
        help='what to read, for one or more modalities',
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


def parse_rasters(words: list[str]) -> dict[str, str]:
    """Turn ``opt=a.tif`` words into a dict.

    Raises:
        SystemExit: If a word has another form or a name comes twice.
    """
    rasters = {}
    for word in words:
        name, equals, path = word.partition('=')
        if not (name and equals and path) or name in rasters:
            raise SystemExit(
                '--raster: expected each modality once, as MODALITY=PATH, got '
                f'{word!r} in {words}'
            )
        rasters[name] = path
    return rasters


def main() -> None:
    args = parse_args()
    restrict_checkpoint_loading()
    check_file('config', args.config)
    check_file('checkpoint', args.checkpoint)
    rasters = parse_rasters(args.raster)
    from multimodal_rs.apis import SceneMapper, init_model

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
