"""How a command ends when something is wrong.

A mistake of the user (a missing file, a wrong band count, an unknown option)
ends in its message alone; what is no such mistake keeps its stack.

An exception counts as the user's mistake if one of our own ``raise``
statements made it: their messages are written for people. So do those of
mmengine's config and registry, files that cannot be opened, packages that are
missing, and options that no class has. A ``TypeError`` out of an expression,
or whatever torch and numpy raise, is not expected and is shown with its stack.

This module needs nothing but Python itself: the scripts in ``tools/`` load it
before they know whether anything else is installed.
"""

import argparse
import ast
import linecache
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

SWITCH = 'MULTIMODAL_RS_TRACEBACK'
CHECKOUT = Path(__file__).resolve().parents[3]
READER = f'{os.sep}mmengine{os.sep}config{os.sep}'
BUILDER = f'{os.sep}mmengine{os.sep}registry{os.sep}'
# Parts of the paths of files whose `raise` statements speak to users. Those of
# mmengine name the key or the type of a config that is wrong.
WRITTEN = (
    f'{os.sep}multimodal_rs{os.sep}',
    os.path.join(CHECKOUT, 'tools', ''),
    os.path.join(CHECKOUT, 'data_prep', ''),
    READER,
    BUILDER,
)
MISFIT = re.compile(r'__init__\(\) (got an unexpected|missing \d+ required)')
FROM_WORKER = re.compile(
    r'Caught \w+ in DataLoader worker process \d+\.\nOriginal Traceback'
)
FRAME = re.compile(r'  File "(?P<path>.+)", line (?P<line>\d+), in .+')


class CommandParser(argparse.ArgumentParser):
    """A parser of a command, with the option that all commands have."""

    def __init__(
        self,
        *,
        prog: str | None = None,
        description: str | None = None,
        epilog: str | None = None,
        formatter_class: type = argparse.HelpFormatter,
    ) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=formatter_class,
        )
        self.add_argument(
            '--traceback',
            action=_ShowTraceback,
            help='show where in the code an error was raised, not only its '
            f'message; {SWITCH}=1 in the environment does the same',
        )


class _ShowTraceback(argparse.Action):
    """Ask for the stack, here and in the commands that this one starts."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, help: str
    ) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=help)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        os.environ[SWITCH] = '1'


def run(main: Callable[[], int | None]) -> None:
    """Run a command and end the process.

    Args:
        main: Returns the exit code, or None for 0.

    Raises:
        SystemExit: With the exit code.
    """
    end_mistakes_in_their_message()
    sys.exit(main())


def end_mistakes_in_their_message() -> None:
    """Let Python show what nobody has caught as this module does.

    The exit code stays Python's: 1.
    """
    sys.excepthook = show


def show(
    kind: type[BaseException],
    error: BaseException,
    stack: TracebackType | None,
) -> None:
    """Write an uncaught exception to stderr; arguments: of a hook."""
    message = None
    if os.environ.get(SWITCH, '0') in ('', '0'):
        message = mistake(error)
    if message is None:
        sys.__excepthook__(kind, error, stack)
    else:
        print(message, file=sys.stderr, flush=True)


def mistake(error: BaseException) -> str | None:
    """Find what a user has to be told.

    Args:
        error: As it was caught.

    Returns:
        The message without the stack; None if the error is not the user's.
    """
    text = _text(error)
    if FROM_WORKER.match(text):
        return _out_of_worker(text)
    frames = traceback.extract_tb(error.__traceback__)
    if not isinstance(error, Exception) or not frames:
        return None
    if isinstance(error, OSError) and error.filename is not None:
        if error.strerror:
            return f'{error.filename}: {error.strerror}'
    if isinstance(error, ModuleNotFoundError) and error.name:
        return (
            f'{text}: run `python tools/check_env.py` for what is missing, '
            'or correct the name'
        )
    if isinstance(error, subprocess.CalledProcessError):
        command = error.cmd
        words = [command] if isinstance(command, str) else map(str, command)
        return f'`{" ".join(words)}` has ended with code {error.returncode}'
    if isinstance(error, TypeError) and MISFIT.search(text):
        if any(BUILDER in frame.filename for frame in frames):
            return f'config: {text}: correct the options of that class'
    last = frames[-1]
    if any(READER in frame.filename for frame in frames):
        if isinstance(error, SyntaxError) or last.name == '<module>':
            return _in_config(error, last)
    return text if _is_written(last.filename, last.lineno) else None


def _in_config(error: Exception, last: traceback.FrameSummary) -> str:
    """What is wrong with the Python of a config: line, code and error."""
    what = ''.join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        return f'config: {what}'
    return f'config {last.filename}, line {last.lineno}: {last.line}: {what}'


def _text(error: BaseException) -> str:
    """What an exception says; a KeyError shows its message in quotes."""
    if isinstance(error, KeyError) and len(error.args) == 1:
        return str(error.args[0])
    return str(error)


def _is_written(path: str, line: int | None) -> bool:
    """Whether a ``raise`` of our own, or of the config readers, stands there.

    As opposed to an error that comes out of an expression.
    """
    path = os.path.abspath(path)
    source = linecache.getline(path, line or 0).lstrip()
    return source.startswith('raise ') and any(p in path for p in WRITTEN)


def _out_of_worker(text: str) -> str | None:
    """Find the message in what a DataLoader makes of a worker's exception.

    That is the text of the whole stack, and below it ``Type: message``.
    """
    lines = text.rstrip('\n').split('\n')
    numbers = [i for i, line in enumerate(lines) if FRAME.fullmatch(line)]
    if not numbers:
        return None
    frame = FRAME.fullmatch(lines[numbers[-1]])
    after = numbers[-1] + 1
    while after < len(lines) and lines[after].startswith('    '):
        after += 1  # the line of code, and marks below it
    name, colon, message = '\n'.join(lines[after:]).partition(': ')
    if not colon or not _is_written(frame['path'], int(frame['line'])):
        return None
    if name == 'KeyError':
        return _unquoted(message)
    return message


def _unquoted(message: str) -> str:
    """Undo the quotes that a KeyError puts around its message."""
    try:
        return str(ast.literal_eval(message))
    except (SyntaxError, ValueError):
        return message
