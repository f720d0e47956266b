#!/usr/bin/env python3
"""Plots of results: accuracy against cost, missing sensors, single classes.

    python tools/analysis_tools/plot_results.py cost --table configs/summary \
        --out cost.png
    python tools/analysis_tools/plot_results.py subsets \
        --table configs/joitrinet/ombria --out subsets.png
    python tools/analysis_tools/plot_results.py classes \
        --records work_dirs/seeds/*/*/record.json --measure IoU --out iou.png

From the published records, as FOLDER/TABLE of a ``tables.json``, or from the
``record.json`` of runs; of single classes also what papers print
(``--published``, ids of ``published.json``). The suffix of ``--out`` is the
format.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.reports.figure_files import check_figure_file, save_figure
from multimodal_rs.results import plot_entries, plots, subset_plots
from multimodal_rs.results.record import read_record
from multimodal_rs.results.store import read_results, result_files
from multimodal_rs.utils.outputs import check_outputs

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one picture.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    check_outputs({'--out': args.out}, [*args.records, *result_files(ROOT)])
    check_figure_file(args.out)
    results = read_results(ROOT)
    records = [read_record(path) for path in args.records]
    entries = plot_entries.collect_entries(results, args.table, records)
    if args.dataset is not None:
        entries = [e for e in entries if e.record.dataset == args.dataset]
    measure = args.measure or ('IoU' if args.kind == 'classes' else 'mIoU')
    if args.kind == 'cost':
        picture = plots.plot_cost(entries, args.x, measure)
    elif args.kind == 'subsets':
        picture = subset_plots.plot_subsets(entries, measure)
    else:
        series = plots.class_series(entries, measure, args.subset)
        series |= plots.published_series(results, args.published, measure)
        picture = plots.plot_classes(series, measure)
    save_figure(picture, args.out, args.dpi)
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('kind', choices=['cost', 'subsets', 'classes'])
    parser.add_argument('--table', nargs='+', default=[], metavar='FOLDER/T')
    parser.add_argument('--records', nargs='+', type=Path, default=[])
    parser.add_argument('--published', nargs='+', default=[], metavar='ID')
    parser.add_argument('--x', choices=list(plots.COSTS), default='parameters')
    parser.add_argument('--dataset', help='only this one')
    parser.add_argument('--measure', help='default: mIoU, of classes IoU')
    parser.add_argument('--subset', help='of classes; default: all modalities')
    parser.add_argument('--dpi', type=int, default=110)
    parser.add_argument('--out', type=Path, required=True)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
