"""Simulation of a small DFC2020, usually in data/simulated.

Writes Sentinel-1, Sentinel-2 and label patches in the layout of DFC2020, the
split lists ``splits/default/{train,val,test}.txt`` and one larger scene with a
projected CRS, ``scene/{s1,s2,label}.tif``. What is there already is kept: an
interrupted run goes on where it stopped. The content is described in
``multimodal_rs/simulation``.

With ``--displacement``, ``--dilation``, ``--layover`` and ``--separability``
SAR sees objects with other outlines than the label and the optical image, and
each sensor confuses other classes; ``--dem`` adds elevation. The displacement
of each patch is written beside its images.

``--regions 8`` adds patches of eight other places, with other shares of the
classes, another sun, air, season, calibration and speckle, for testing alone:
the list ``abroad.txt`` has them, and ``everywhere.txt`` them and those of
``test.txt``.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.splits import write_split
from multimodal_rs.simulation.archive import LAYOUTS, REGION, Archive
from multimodal_rs.simulation.differences import SensorDifferences
from multimodal_rs.utils.command_line import CommandParser, run
from multimodal_rs.utils.progress import progress


def main(arguments: Sequence[str] | None = None) -> int:
    """Write what is missing.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code, 0.
    """
    args = _parse(arguments)
    width, height = args.scene
    archive = Archive(
        args.data_root,
        args.layout,
        args.size,
        args.seed,
        (height, width),
        SensorDifferences(
            args.displacement, args.dilation, args.layover, args.separability
        ),
        args.dem,
    )
    archive.claim()
    if args.patches >= REGION:
        raise ValueError(
            f'--patches must be less than {REGION}, got {args.patches}'
        )
    abroad = archive.abroad(args.regions, args.region_patches)
    numbers = [*range(args.patches), *abroad]
    written = sum(
        archive.write_patch(number) for number in progress(numbers, 'patches')
    )
    print(f'{args.data_root}: {len(numbers)} patches, {written} written')
    written = archive.write_scene()
    state = 'written' if written else 'up to date'
    print(f'{args.data_root / "scene"}: {width} x {height} pixels, {state}')
    folder = args.data_root / 'splits' / 'default'
    split = archive.split(args.patches)
    if abroad:
        split['abroad'] = [archive.tile_id(number) for number in abroad]
        split['everywhere'] = split['test'] + split['abroad']
    write_split(folder, split)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('data_root', type=Path, help='folder to write to')
    parser.add_argument(
        '--patches',
        type=int,
        default=160,
        help='number of patches (default: %(default)s)',
    )
    parser.add_argument(
        '--size',
        type=int,
        default=256,
        help='height and width of a patch in pixels (default: %(default)s)',
    )
    parser.add_argument(
        '--layout',
        choices=LAYOUTS,
        default='city',
        help='distribution of DFC2020 to imitate (default: %(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='(default: %(default)s)'
    )
    parser.add_argument(
        '--scene',
        type=int,
        nargs=2,
        default=(768, 640),
        metavar=('WIDTH', 'HEIGHT'),
        help='size of the scene in pixels (default: %(default)s)',
    )
    _add_differences(parser)
    parser.add_argument(
        '--dem', action='store_true', help='write elevation, too'
    )
    parser.add_argument(
        '--regions',
        type=int,
        default=0,
        help='other regions to add, for testing (%(default)s)',
    )
    parser.add_argument(
        '--region-patches',
        type=int,
        default=12,
        help='patches of each of them (%(default)s)',
    )
    return parser.parse_args(arguments)


def _add_differences(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--displacement',
        type=float,
        default=0.0,
        help='pixels by which SAR displaces objects, at most (%(default)s)',
    )
    parser.add_argument(
        '--dilation',
        type=float,
        default=0.0,
        help='pixels by which forest and towns grow in SAR (%(default)s)',
    )
    parser.add_argument(
        '--layover',
        type=float,
        default=0.0,
        help='pixels by which towns lean towards the SAR (%(default)s)',
    )
    parser.add_argument(
        '--separability',
        type=float,
        default=1.0,
        help='share left of the differences between pairs of classes, 0 to 1 '
        '(%(default)s)',
    )


if __name__ == '__main__':
    run(main)
