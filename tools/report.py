#!/usr/bin/env python3
"""One page about a run or a map: pictures, tables, settings.

    python tools/report.py run WORK_DIR --out report.html

The page is one HTML file that needs no other file and no network.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.reports.page import write_page
from multimodal_rs.reports.run_report import run_page


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a page.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code.
    """
    args = _parse(arguments)
    write_page(args.out, run_page(args.work_dir))
    print(f'Wrote {args.out}')
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    kinds = parser.add_subparsers(dest='kind', required=True)
    run = kinds.add_parser('run', help='a training and its test')
    run.add_argument('work_dir', type=Path, help='work directory of both')
    for kind in (run,):
        kind.add_argument('--out', type=Path, required=True, help='HTML file')
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
