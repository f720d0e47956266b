"""Command line of all preparations: ``multimodal-rs-prepare COMMAND ...``."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType

from multimodal_rs import data_prep
from multimodal_rs.utils.command_line import CommandParser, run


def commands() -> Mapping[str, ModuleType]:
    """Find the modules of this package that have a ``main``, by name."""
    names = sorted(
        info.name for info in pkgutil.iter_modules(data_prep.__path__)
    )
    modules = {
        name: importlib.import_module(f'{data_prep.__name__}.{name}')
        for name in names
        if name != '__main__'
    }
    return {n: m for n, m in modules.items() if hasattr(m, 'main')}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code of the command.
    """
    known = commands()
    lines = (f'  {n:<18}{_first_line(m)}' for n, m in known.items())
    parser = CommandParser(
        prog='multimodal-rs-prepare',
        description='Prepare the folder of a dataset.',
        epilog='\n'.join(
            ['commands:', *lines, '', 'COMMAND --help says more of each']
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'command', choices=known, metavar='COMMAND', help='see below'
    )
    parser.add_argument(
        'arguments', nargs=argparse.REMAINDER, help='arguments of the command'
    )
    args = parser.parse_args(arguments)
    # The command's parser takes the name of the program from there.
    sys.argv[0] = f'{parser.prog} {args.command}'
    return known[args.command].main(args.arguments)


def run_command() -> None:
    """Run as a program: what the console entry calls."""
    run(main)


def _first_line(module: ModuleType) -> str:
    return (module.__doc__ or '').strip().partition('\n')[0]


if __name__ == '__main__':
    run_command()
