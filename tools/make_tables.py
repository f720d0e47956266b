#!/usr/bin/env python3
"""Tables of results, rewritten from the records in configs/*/results.

    python tools/make_tables.py

rewrites the Markdown tables in README.md and configs/*/README.md between
``<!-- table: NAME -->`` and ``<!-- end -->``, metafile.yml of each method and
model-index.yml, and draws the pictures that show records. What a table or a
picture shows is declared in ``configs/<method>/results/tables.json`` (for the
main README in ``configs/tables.json``), see ``layout.py`` and ``pictures.py``
of ``multimodal_rs/results``.

    python tools/make_tables.py --add work_dirs/seeds/*/*/record.json

takes the records of finished runs in first. ``--check`` changes nothing and
exits with 1 if something is stale. ``--csv`` and ``--latex`` write the tables
into a folder as well.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.results.documents import documents, export, stale
from multimodal_rs.results.pictures import draw_picture, stale_pictures
from multimodal_rs.results.store import add_record, read_results
from multimodal_rs.utils.files import write_text
from multimodal_rs.utils.outputs import check_folder

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if ``--check`` finds something stale.
    """
    args = _parse(arguments)
    for option, folder in (('--csv', args.csv), ('--latex', args.latex)):
        if folder is not None:
            check_folder(option, folder)
    for path in args.add:
        print(f'{path} -> {add_record(path, args.root)}')
    results = read_results(args.root)
    texts = documents(results)
    old = stale(texts)
    for path in old:
        if args.check:
            print(f'{path} is stale: run tools/make_tables.py')
        else:
            write_text(path, texts[path])
            print(f'{path} written')
    pictures = stale_pictures(results)
    for path, (folder, spec) in pictures.items():
        if args.check:
            print(f'{path} is stale: run tools/make_tables.py')
        else:
            draw_picture(results, folder, spec, path)
            print(f'{path} drawn')
    for path in export(results, args.csv, args.latex):
        print(f'{path} written')
    return 1 if args.check and (old or pictures) else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--check', action='store_true')
    parser.add_argument('--add', nargs='+', type=Path, default=[])
    parser.add_argument('--csv', type=Path, metavar='DIR')
    parser.add_argument('--latex', type=Path, metavar='DIR')
    parser.add_argument('--root', type=Path, default=ROOT)
    args = parser.parse_args(arguments)
    if args.check and args.add:
        parser.error('--check changes nothing: leave --add out')
    return args


if __name__ == '__main__':
    sys.exit(main())
