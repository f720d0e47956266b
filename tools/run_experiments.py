#!/usr/bin/env python3
"""Training and test of a list of configs, each with several seeds.

    python tools/run_experiments.py experiments/LIST.json

The list is a JSON file: ``configs``, and optionally ``seeds``, ``options`` of
every run, ``compare_with`` and ``about``. Every run is
``tools/run_seeds.py`` with one config and one seed, so what is said there
holds: a finished run is kept, an interrupted one goes on, and a run that fails
does not stop the others. It is named at the end, and the exit code is 1. The
tables (``seeds.md``, ``paired.md``) are made of all runs that are finished.

``--gpus 0 1 2 3`` runs as many at a time, each on one GPU; what they print is
in ``<work-dir>/<config>-seed-<seed>.log``. ``--print`` starts nothing: it
prints the commands of what is missing, one a line, for a cluster or for other
machines. They start in the folder where they were printed; afterwards the same
call without it makes the tables. With SLURM:

    python tools/run_experiments.py LIST.json --print > runs.txt
    sbatch --array=1-$(wc -l < runs.txt) --gres=gpu:1 --wrap \\
        'eval "$(sed -n ${SLURM_ARRAY_TASK_ID}p runs.txt)"'
"""

import argparse
import contextlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import command_line, start

start(__name__)

from multimodal_rs.results.experiments import (
    SEEDS,
    Run,
    are_seeds,
    read_experiments,
)
from multimodal_rs.results.paired import write_paired
from multimodal_rs.results.record import read_record
from multimodal_rs.results.seeds import write_seeds
from multimodal_rs.utils.outputs import check_folder

ROOT = Path(__file__).resolve().parents[1]
RUNNER = 'tools/run_seeds.py'
PAUSE = 0.2  # seconds between two looks at what runs


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing, then tabulate.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if a run has failed.
    """
    args = _parse(arguments)
    check_folder('--work-dir', args.work_dir or 'work_dirs')
    experiments = read_experiments(args.list, ROOT)
    seeds = experiments.seeds if args.seeds is None else args.seeds
    work_dir = args.work_dir or Path('work_dirs') / args.list.stem
    series = [
        Run(config, seed, work_dir, experiments.options)
        for seed in seeds
        for config in experiments.configs
    ]
    missing = [run for run in series if not run.is_finished]
    if args.print:
        runner = os.path.relpath(ROOT / RUNNER)
        for run in missing:
            print(shlex.join(['python', runner, *run.arguments]))
        return 0
    print(f'{len(series)} runs, {len(series) - len(missing)} finished')
    failed = run_all(missing, args.gpus)
    records = [
        read_record(run.record)
        for run in series
        if run not in missing or run.is_finished
    ]
    command = f'python tools/run_experiments.py {args.list}'
    if records:
        print(write_seeds(work_dir, records, command))
    if experiments.compare_with in [record.name for record in records]:
        print(write_paired(work_dir, records, experiments.compare_with))
    for run in failed:
        where = _log(run) if args.gpus else 'above'
        print(f'NOT DONE: {run}: see {where}', file=sys.stderr)
    return 1 if failed else 0


def run_all(waiting: Sequence[Run], gpus: Sequence[str]) -> list[Run]:
    """Run all, as many at a time as there are GPUs.

    Args:
        waiting: In the order in which they start.
        gpus: What ``CUDA_VISIBLE_DEVICES`` is for each place; empty: one at a
            time, with all that is there.

    Returns:
        Those that have failed.
    """
    waiting, running, failed = list(waiting), {}, []
    places = list(gpus) or [None]
    with contextlib.ExitStack() as started:
        while waiting or running:
            for place in places:
                if waiting and place not in running:
                    run = waiting.pop(0)
                    running[place] = run, _start(run, place, started)
            time.sleep(PAUSE)
            for place, (run, process) in list(running.items()):
                if process.poll() is None:
                    continue
                del running[place]
                print(f'{run}: ended with {process.returncode}', flush=True)
                if process.returncode:
                    failed.append(run)
    return failed


def _start(
    run: Run, gpu: str | None, started: contextlib.ExitStack
) -> subprocess.Popen:
    """Start a run, which ends at the latest when this process does."""
    environment = os.environ | {command_line.PARENT: str(os.getpid())}
    output = None
    if gpu is not None:
        environment['CUDA_VISIBLE_DEVICES'] = gpu
        run.work_dir.mkdir(parents=True, exist_ok=True)
        output = started.enter_context(_log(run).open('ab'))
    print(f'{run}: started' + (f' on GPU {gpu}' if gpu else ''), flush=True)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / RUNNER), *run.arguments],
        env=environment,
        stdout=output,
        stderr=output,
    )
    return started.enter_context(command_line.ending(process))


def _log(run: Run) -> Path:
    return run.work_dir / f'{run.config.stem}-seed-{run.seed}.log'


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = command_line.CommandParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('list', type=Path, help='JSON file')
    parser.add_argument(
        '--seeds', type=int, nargs='+', help='other than those of the list'
    )
    parser.add_argument(
        '--work-dir', type=Path, help='default: work_dirs/<name of the list>'
    )
    parser.add_argument('--gpus', nargs='+', default=[], metavar='ID')
    parser.add_argument(
        '--print', action='store_true', help='print the commands only'
    )
    args = parser.parse_args(arguments)
    if args.seeds is not None and not are_seeds(args.seeds):
        parser.error(f'--seeds: got {args.seeds}, expected {SEEDS}')
    if len(set(args.gpus)) < len(args.gpus):
        parser.error(
            f'--gpus: got {args.gpus}, expected each once: a GPU has one run '
            'at a time'
        )
    return args


if __name__ == '__main__':
    sys.exit(main())
