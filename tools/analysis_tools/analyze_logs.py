#!/usr/bin/env python3
"""Curves of what trainings have logged, of one or several runs.

    python tools/analysis_tools/analyze_logs.py WORK_DIR [WORK_DIR ...] \
        --keys mIoU --out curves.png

``--keys`` are losses and measures of the validation. An interrupted run and
its continuation are one curve; a training that was started anew in the same
folder takes the place of the former. The suffix of ``--out`` is the format.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.reports.charts import curves_chart
from multimodal_rs.reports.figure_files import check_figure_file, save_figure
from multimodal_rs.reports.run_files import check_work_dir, read_curves
from multimodal_rs.utils.outputs import check_outputs, run_files


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the curves.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    inputs = (p for folder in args.work_dirs for p in run_files(folder))
    check_outputs({'--out': args.out}, inputs)
    check_figure_file(args.out)
    names = args.legend or [str(folder) for folder in args.work_dirs]
    curves = {}
    for folder, name in zip(args.work_dirs, names, strict=True):
        check_work_dir(folder)
        found = read_curves(folder)
        logged = {**found.losses, **found.validation}
        for key in args.keys:
            if key not in logged:
                raise ValueError(
                    f'{folder} has logged no {key}, expected one of '
                    f'{sorted(logged)}: correct --keys, or the folder'
                )
            curves[f'{name}: {key}'] = logged[key]
    picture = curves_chart(curves, ', '.join(args.keys))
    save_figure(picture, args.out, args.dpi)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('work_dirs', type=Path, nargs='+')
    parser.add_argument('--keys', nargs='+', default=['loss'])
    parser.add_argument('--legend', nargs='+', help='a name for each run')
    parser.add_argument('--dpi', type=int, default=110)
    parser.add_argument('--out', type=Path, required=True)
    args = parser.parse_args(arguments)
    if args.legend and len(args.legend) != len(args.work_dirs):
        parser.error(
            f'--legend: expected a name for each of {len(args.work_dirs)} '
            f'work directories, got {len(args.legend)}'
        )
    return args


if __name__ == '__main__':
    sys.exit(main())
