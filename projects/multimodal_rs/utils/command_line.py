"""How a command ends when something is wrong.

A mistake of the user (a missing file, a wrong band count, an unknown option)
ends in its message alone; what is no such mistake keeps its stack.

An exception counts as the user's mistake if one of our own ``raise``
statements made it: their messages are written for people. So do those of
mmengine's config and registry, files that cannot be opened, packages that are
missing, and options that no class has. A ``TypeError`` out of an expression,
or whatever torch and numpy raise, is not expected and is shown with its stack.

A command that is told to end (SIGTERM) cleans up as after Ctrl-C, and one
that another command has started ends with it.

This module needs nothing but Python itself: the scripts in ``tools/`` load it
before they know whether anything else is installed.
"""

import argparse
import ast
import contextlib
import linecache
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType, TracebackType

SWITCH = 'MULTIMODAL_RS_TRACEBACK'
# Id of the process with which a command that it has started shall end.
PARENT = 'MULTIMODAL_RS_PARENT'
TERMINATED = 128 + signal.SIGTERM  # what shells report
GRACE = 10.0  # seconds to clean up
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
NEGATIVE = re.compile(r'-\d+=')  # how a pair begins, such as -1=255
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

    def parse_known_args(
        self,
        args: Sequence[str] | None = None,
        namespace: argparse.Namespace | None = None,
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read words as any parser, but ``-1=255`` is a value, no option."""
        words = sys.argv[1:] if args is None else args
        # An option begins with the dash.
        words = [f' {w}' if NEGATIVE.match(w) else w for w in words]
        return super().parse_known_args(words, namespace)


def count(least: int) -> Callable[[str], int]:
    """Make what reads a whole number, at least so large, of an argument."""

    def read(text: str) -> int:
        number = int(text) if text.isdecimal() else -1
        if number < least:
            raise argparse.ArgumentTypeError(
                f'got {text!r}, expected a whole number from {least} on'
            )
        return number

    return read


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
    end_cleanly()
    sys.exit(main())


def end_cleanly() -> None:
    """Clean up when this process is told to end, and end with its parent.

    The parent counts for what :func:`call` has started, and for processes
    of torchrun. Any other parent, a shell for instance, may go.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # Python handles signals in the main thread only
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminate)
    parent = os.environ.pop(PARENT, None)
    if parent is None and 'TORCHELASTIC_RUN_ID' in os.environ:
        parent = os.getppid()
    if parent is not None:
        threading.Thread(
            target=_end_with, args=(int(parent),), daemon=True
        ).start()


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave all blocks of the main thread, as after Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a second one ends at once
    raise SystemExit(TERMINATED)


@contextlib.contextmanager
def ending_when_told() -> Iterator[None]:
    """End as told also where somebody takes that for a mistake.

    mmengine formats the config with every checkpoint, and calls any exception
    that passes there a SyntaxError of the config: SIGTERM and Ctrl-C too.
    """
    try:
        yield
    except SyntaxError as error:
        if isinstance(error.__context__, SystemExit | KeyboardInterrupt):
            raise error.__context__ from None
        raise


def _end_with(parent: int) -> None:
    """Wait until the parent has ended, then end this process.

    The kernel then gives the process another parent.
    """
    while os.getppid() == parent:
        time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def call(
    command: Sequence[str],
    write: Callable[[bytes], None] | None = None,
    folder: str | os.PathLike | None = None,
) -> int:
    """Run another command of ours, which ends when this process does.

    Args:
        command: Program and arguments.
        write: Takes what the command prints, line by line; None: it goes
            where the output of this process goes.
        folder: Where the command runs; None: here.

    Returns:
        Its exit code.
    """
    captured = {}
    if write is not None:
        captured = dict(stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {PARENT: str(os.getpid())},
        **captured,
    )
    with ending(process):
        if write is not None:
            for line in process.stdout:
                write(line)
        return process.wait()


@contextlib.contextmanager
def ending(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """End a command when the block is left, at the latest.

    Args:
        process: Just started. It also ends when this process is killed, if
            its environment has our id as :data:`PARENT`.
    """
    try:
        yield process
    except KeyboardInterrupt:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)  # the terminal has told the command as well
        raise
    finally:
        _end(process)


def _end(process: subprocess.Popen) -> None:
    """End a command, if it has not ended by itself."""
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


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
        if isinstance(error, FileNotFoundError):
            return (
                f'{error.filename}: {error.strerror} (relative paths start at '
                f'{os.getcwd()}): correct the path'
            )
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
