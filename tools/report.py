#!/usr/bin/env python3
r"""One page about a run or a map: pictures, tables, settings.

    python tools/report.py run WORK_DIR --out report.html
    python tools/report.py map map.tif --checkpoint CHECKPOINT \
        --raster opt=s2.tif sar=s1.tif --out report.html

The page is one HTML file that needs no other file and no network.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from _launch import check_file
from multimodal_rs.reports.page import Page, write_page
from multimodal_rs.utils.outputs import check_outputs
from multimodal_rs.utils.pairs import parse_rasters


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a page.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    check_outputs({'--out': args.out}, _inputs(args))
    page = _map_page(args) if args.kind == 'map' else _run_page(args)
    write_page(args.out, page)
    print(f'Wrote {args.out}')
    return 0


def _inputs(args: argparse.Namespace) -> Iterator[Path]:
    """List what a page is made of; an earlier page is none of it."""
    if args.kind == 'map':
        from multimodal_rs.inference.rasters import local_files

        yield from map(Path, local_files(parse_rasters(args.raster)))
        yield from map(Path, (args.map, args.checkpoint))
        yield from map(Path, filter(None, (args.confidence, args.answered)))
        folders = [args.accuracy] if args.accuracy else []
    else:
        folders = [args.work_dir]
    for folder in folders:
        below = Path(folder).rglob('*')
        yield from (path for path in below if path.suffix != '.html')


def _run_page(args: argparse.Namespace) -> Page:
    from multimodal_rs.reports.run_report import run_page

    return run_page(args.work_dir)


def _map_page(args: argparse.Namespace) -> Page:
    from multimodal_rs.apis.trained import declared_modalities
    from multimodal_rs.reports.map_report import MapFiles, map_page

    check_file('checkpoint', args.checkpoint)
    model = None
    if args.config is not None:
        from multimodal_rs.apis import init_model

        check_file('config', args.config)
        model = init_model(args.config, args.checkpoint)
    return map_page(
        MapFiles(
            args.map,
            parse_rasters(args.raster),
            declared_modalities(args.checkpoint),
            args.accuracy,
            args.confidence,
            args.answered,
            model,
        )
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest='kind', required=True)
    run = kinds.add_parser('run', help='a training and its test')
    run.add_argument('work_dir', type=Path, help='work directory of both')
    scene = kinds.add_parser('map', help='a map of a scene')
    scene.add_argument('map', help='the map that infer_scene has written')
    scene.add_argument(
        '--raster',
        nargs='+',
        required=True,
        metavar='MODALITY=PATH',
        help='what it was made of',
    )
    scene.add_argument(
        '--checkpoint',
        required=True,
        help='of the network; knows how the rasters are shown',
    )
    scene.add_argument(
        '--accuracy', help='folder that map_products --accuracy has written'
    )
    scene.add_argument(
        '--confidence', help='raster that infer_scene --confidence has written'
    )
    scene.add_argument(
        '--answered', help='raster that infer_scene --answered has written'
    )
    scene.add_argument(
        '--config',
        help='config of the network: shows its features and fusion weights',
    )
    for kind in (run, scene):
        kind.add_argument('--out', type=Path, required=True, help='HTML file')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
