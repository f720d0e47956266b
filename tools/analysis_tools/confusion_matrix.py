#!/usr/bin/env python3
"""Figure of a confusion matrix: where the pixels of each class have gone.

    python tools/analysis_tools/confusion_matrix.py WORK_DIR --out matrix.png

Of the newest test in the work directory, with all modalities or with those of
``--subset``; or of a ``land_cover.json``, as the accuracy of a map has one.
The suffix of ``--out`` is the format.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.reports.charts import confusion_chart
from multimodal_rs.reports.figure_files import check_figure_file, save_figure
from multimodal_rs.reports.run_files import Accuracy, read_accuracy, read_run
from multimodal_rs.utils.outputs import check_outputs, run_files


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw one matrix.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    check_outputs({'--out': args.out}, run_files(args.result))
    check_figure_file(args.out)
    accuracy = _accuracy(args.result, args.subset)
    names = [entry['class'] for entry in accuracy.classes]
    picture = confusion_chart(accuracy.matrix, names)
    save_figure(picture, args.out, args.dpi)
    return 0


def _accuracy(result: Path, subset: str | None) -> Accuracy:
    if result.is_file():
        return read_accuracy(result)
    found = read_run(result).accuracy
    if subset is None:
        return next(iter(found.values()))
    if subset not in found:
        raise ValueError(
            f'--subset {subset}: {result} was not tested with it, expected '
            f'one of {list(found)}'
        )
    return found[subset]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'result', type=Path, help='work directory, or a land_cover.json'
    )
    parser.add_argument('--subset', help='of the modalities: opt+sar, sar')
    parser.add_argument('--dpi', type=int, default=110)
    parser.add_argument('--out', type=Path, required=True)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
