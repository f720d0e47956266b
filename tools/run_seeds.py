#!/usr/bin/env python3
"""Training and test of configs with several seeds, with a record of each run.

    python tools/run_seeds.py CONFIG [CONFIG ...] --seeds 0 1 2

Any config will do. Every run is the stock ``tools/train.py`` and
``tools/test.py`` in a folder of its own, ``<work-dir>/<config>/seed-<seed>``;
what both print is also in its ``run.log``. A finished run leaves
``record.json`` (measures, costs, commits, hardware: see
``multimodal_rs/results/record.py``), is kept, and can be taken into the
published tables by ``tools/make_tables.py --add``. An interrupted run is
resumed. If the folder has a run with other options, of another config of the
same name, or of the config before it or what it inherits was changed, the run
fails. A run that fails, or on which another process is at work, does not stop
the others; it is named at the end, and the exit code is 1.

The table of mean and spread (``seeds.md``, ``seeds.csv``) is that of the last
call. ``--compare-with NAME`` adds ``paired.md`` and ``paired.csv``: by how
much the other configs differ from the config of that name, run by run with
the same seed, with an interval for the mean.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.results import environment, runs
from multimodal_rs.results.experiments import SEEDS, are_seeds
from multimodal_rs.results.paired import write_paired
from multimodal_rs.results.record import Record, read_record
from multimodal_rs.results.seeds import write_seeds
from multimodal_rs.utils.folder_lock import FolderInUseError, only_one
from multimodal_rs.utils.outputs import check_folder
from multimodal_rs.weights.work_dirs import best_checkpoint

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
LOG = 'run.log'
# Added to every run, whatever hooks its config has.
HOOK = 'default_hooks.run_record.type=RunRecordHook'


class RunFailedError(Exception):
    """One of the tools has ended with an error."""


# What ends a run but not the series.
FAILURES = (RunFailedError, FolderInUseError, FileNotFoundError, ValueError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then tabulate.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if a run has failed.
    """
    args = _parse(arguments)
    command = ' '.join(
        ['python tools/run_seeds.py', shlex.join(arguments or sys.argv[1:])]
    )
    check_folder('--work-dir', args.work_dir)
    records, failures = [], []
    for config in args.configs:
        for seed in args.seeds:
            folder = args.work_dir / config.stem / f'seed-{seed}'
            try:
                with only_one(folder, 'seeds'):
                    records.append(
                        run(config, seed, folder, args.cfg_options, command)
                    )
            except FAILURES as error:
                print(f'{config}, seed {seed}: {error}', flush=True)
                failures.append(f'{config}, seed {seed}: {error}')
    if records:
        print(write_seeds(args.work_dir, records, command))
    if args.compare_with in [record.name for record in records]:
        print(write_paired(args.work_dir, records, args.compare_with))
    for failure in failures:
        print(f'NOT DONE: {failure}', file=sys.stderr)
    return 1 if failures else 0


def run(
    config: Path,
    seed: int,
    folder: Path,
    options: Sequence[str],
    command: str,
) -> Record:
    """Train and test once, unless it has been done.

    Args:
        config: Config file.
        seed: Seed of the run.
        folder: Work directory of the run.
        options: Further ``--cfg-options``.
        command: What was typed, for the record.

    Returns:
        The record of the run.

    Raises:
        RunFailedError: If training or testing fails.
        FileNotFoundError: If there is no config, or training leaves no
            checkpoint.
        ValueError: If the folder has a run with other options or of another
            config, or its record is of another schema.
    """
    machine, commit = environment.device_name(), environment.commit(TOOLS)
    runs.open_run(folder, config, options, commit, machine, command)
    if (folder / runs.RECORD).exists():
        return read_record(folder / runs.RECORD)
    print(f'{config}, seed {seed} -> {folder}', flush=True)
    start = time.time()
    where = ['--work-dir', str(folder)]
    given = ['--cfg-options', f'randomness.seed={seed}', *options, HOOK]
    if not (folder / runs.TRAINING).exists():
        _call(folder, 'train.py', str(config), *where, '--resume', *given)
    checkpoint = best_checkpoint(folder)
    _call(folder, 'test.py', str(config), str(checkpoint), *where, *given)
    _count(config, folder)
    record = runs.close_run(folder, config, ROOT, seed)
    print(f'  {(time.time() - start) / 60:.1f} minutes', flush=True)
    return record


def _call(folder: Path, tool: str, *arguments: str) -> None:
    """Run a tool; what it prints goes to the screen and into run.log."""
    command = [sys.executable, str(TOOLS / tool), *arguments]
    with (folder / LOG).open('ab') as log:

        def write(line: bytes) -> None:
            log.write(line)
            sys.stdout.write(line.decode(errors='replace'))
            sys.stdout.flush()

        code = command_line.call(command, write)
    if code:
        raise RunFailedError(
            f'{tool} has ended with exit code {code}, see {folder / LOG}'
        )


def _count(config: Path, folder: Path) -> None:
    """Count parameters and flops, with the options of the run.

    A network that cannot be counted has none in its record.
    """
    target = folder / runs.COMPLEXITY
    size = runs.image_size(folder)
    if target.exists() or size is None:
        return
    # As mmengine has dumped it, with all options.
    dumped = folder / config.name
    module = 'multimodal_rs.results.complexity'
    command = [sys.executable, '-m', module, str(dumped), str(target)]
    command += ['--size', *map(str, size)]
    lines = [b'it says nothing']
    if command_line.call(command, lines.append):
        reason = lines[-1].decode(errors='replace').strip()
        print(f'{config}: multiply-adds are not counted: {reason}')


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='+', type=Path)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/seeds')
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='passed on to train.py and test.py',
    )
    parser.add_argument(
        '--compare-with',
        metavar='NAME',
        help='name of one of the configs, from which the others differ',
    )
    args = parser.parse_args(arguments)
    if not are_seeds(args.seeds):
        parser.error(f'--seeds: got {args.seeds}, expected {SEEDS}')
    if any(
        o.partition('=')[0].strip() == 'load_from' for o in args.cfg_options
    ):
        parser.error(
            '--cfg-options: load_from names the run that goes on, and every '
            'run here may go on: for weights to start from, set it in the '
            'config, or use PretrainedWeightsHook'
        )
    names = [config.stem for config in args.configs]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        parser.error(
            f'configs: {double} named more than once, expected each once: '
            'their runs would share a folder'
        )
    if args.compare_with is not None and args.compare_with not in names:
        parser.error(
            f'--compare-with must name one of {names}, got '
            f'{args.compare_with!r}'
        )
    return args


if __name__ == '__main__':
    sys.exit(main())
