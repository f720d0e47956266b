#!/usr/bin/env python3
"""Benchmark of the selective scans against other ways, side by side.

    python benchmarks/ops.py [--rows C1 C5 ...] [--threads 2]
    python benchmarks/ops.py --device cuda [--rows G1a ...]

On the CPU against loops in plain torch, in CPU time (user and system, all
threads), which a busy machine disturbs less than wall time: some ten minutes
on two cores and, for the baselines, 8 GB of memory. On a GPU against the
authors' composition around the CUDA extension of VMamba or of mamba-ssm,
whichever is installed, by the events of the device.

Prints one row per comparison and writes ``scan_DEVICE.csv`` and ``.png`` to
the output folder. Both sides of a row run in one process, turn by turn. A row
that is in the CSV already is kept (``--again`` measures all anew).
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / 'tools'))

from _bootstrap import add_source_path

add_source_path()

import torch

import _scan_targets
from _scan_table import (
    BYTES,
    HEADER,
    SECONDS,
    as_text,
    plot,
    reaches,
    read,
    write,
)
from _timing import Time, measure

TARGETS = dict(cpu=_scan_targets.CPU, cuda=_scan_targets.GPU)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if a row misses its floor, 2 if it cannot be measured.
    """
    args = _parse(arguments)
    torch.set_num_threads(args.threads)
    if args.memory_of:
        print(peak_memory(args.memory_of))
        return 0
    table = args.out / f'scan_{args.device}.csv'
    rows = {} if args.again else read(table)
    missing = [n for n in args.rows if n not in rows]
    if missing and args.device == 'cuda' and not torch.cuda.is_available():
        print('benchmarks/ops.py: --device cuda: torch sees no CUDA device')
        return 2
    for name in missing:
        print(f'{name}: {_scan_targets.ALL[name].what} ...', flush=True)
        try:
            rows[name] = measure_row(name, args.threads)
        except RuntimeError as error:
            print(f'benchmarks/ops.py: {name}: {error}')
            return 2
        write(table, rows)
        print(f'{name}: {float(rows[name]["ratio"]):.3g}', flush=True)
    print(as_text(rows))
    plot(rows, table.with_suffix('.png'))
    missed = [n for n in args.rows if not reaches(rows[n], 'floor')]
    if missed:
        print(f'below the floor: {", ".join(missed)}')
    return int(bool(missed))


def measure_row(name: str, threads: int) -> dict:
    """Measure one row of the targets.

    Raises:
        RuntimeError: If there is nothing to compare with.
    """
    target = _scan_targets.ALL[name]
    unit, wall, hardware = SECONDS, None, f'{threads} threads'
    if name in _scan_targets.GPU:
        hardware = torch.cuda.get_device_name()
        if name == 'G7':
            unit = BYTES
        baseline, ours = _on_gpu(name)
    elif name == 'C11':
        unit = BYTES
        baseline, ours = (
            _peak_memory_apart(side, threads) for side in ('loop', 'ours')
        )
    else:
        baseline, (ours, wall) = _on_cpu(name)
    ratio = ours / baseline if target.less else baseline / ours
    values = (name, target.what, unit, baseline, ours, wall, ratio)
    values += (target.floor, target.aim, hardware)
    return dict(zip(HEADER, values, strict=True))


def peak_memory(side: str) -> int:
    """Return the bytes by which one run raises the memory of this process.

    Linux only: the kernel's high-water mark is reset before the run.
    """
    from _scan_rows import scan_comparison

    comparison = scan_comparison(16, backward=True)
    run = comparison.baseline if side == 'loop' else comparison.ours
    if side == 'ours':
        _compile_first()
    Path('/proc/self/clear_refs').write_text('5')
    before = _status('VmRSS')
    run()
    return _status('VmHWM') - before


def in_turns(
    sides: Sequence[Callable[[], object]],
    seconds: Callable[[Callable[[], object]], float],
    turns: int = 3,
) -> list[float]:
    """Measure one side after the other, several times.

    Args:
        sides: What is compared.
        seconds: Measures one of them.
        turns: How often each is measured.

    Returns:
        The median of each side.
    """
    times = [[seconds(side) for side in sides] for _ in range(turns)]
    return [statistics.median(side) for side in zip(*times, strict=True)]


def _on_cpu(name: str) -> tuple[float, Time]:
    """Return CPU seconds of the baseline and the times of ours."""
    import _scan_rows as scans

    if name == 'C13':
        ours = scans.ss2d_comparison(16, backward=False).ours
        measure(ours, 2)
        bound = scans.arithmetic_bound(16)
        return bound, measure(ours, 9)
    comparison = {
        'C1': lambda: scans.scan_comparison(16, False),
        'C2': lambda: scans.scan_comparison(16, True),
        'C3': lambda: scans.scan_comparison(1, False),
        'C4': lambda: scans.ss2d_comparison(16, False),
        'C5': lambda: scans.ss2d_comparison(16, True),
        'C6a': lambda: scans.ss2d_comparison(1, False),
        'C6b': lambda: scans.ss2d_comparison(1, True),
        'C7': lambda: scans.model_comparison('tiny-v0', 2, False),
        'C8': lambda: scans.model_comparison('tiny-v0', 1, True),
        'C9a': lambda: scans.model_comparison('tiny-s2l5', 2, False),
        'C9b': lambda: scans.model_comparison('tiny-s2l5', 2, True),
        'C10a': lambda: scans.deletion_comparison('tiny-v0', 2, False),
        'C10b': lambda: scans.deletion_comparison('tiny-v0', 2, True),
        'C12a': lambda: scans.scan_comparison(16, False, 'torch'),
        'C12b': lambda: scans.scan_comparison(16, True, 'torch'),
    }[name]()
    measure(comparison.ours, 1)  # compiles
    baseline, ours = [], []
    for _ in range(comparison.turns):
        ours.append(measure(comparison.ours, 3))
        baseline.append(measure(comparison.baseline, 1).cpu)
        ours.append(measure(comparison.ours, 3))
    cpu, wall = (statistics.median(t) for t in zip(*ours, strict=True))
    return statistics.median(baseline), Time(cpu, wall)


def _on_gpu(name: str) -> Sequence[float]:
    """Return seconds, or bytes, of the baseline and of ours."""
    import _gpu_roofs
    import _gpu_rows as rows

    case = rows.CASES[name]
    if name == 'G5':
        roofs = (
            _gpu_roofs.bytes_per_second(),
            _gpu_roofs.exponentials_per_second(),
        )
        print(f'  {roofs[0]:.3g} bytes/s, {roofs[1]:.3g} exponentials/s')
        ours = rows.forward(case, rows.ss2d).ours
        return rows.bound(case, *roofs), _gpu_seconds(ours)
    kernel = rows.published_kernel()
    print(f'  against {kernel}')
    baseline = rows.composition(kernel)
    if name == 'G7':
        return rows.layer_memory(case, baseline)
    make = dict(G3=rows.backward, G4=rows.backward, G6=rows.training_step)
    sides = make.get(name[:2], rows.forward)(case, baseline)
    return in_turns(sides[:2], _gpu_seconds)


def _gpu_seconds(run: Callable[[], object]) -> float:
    """Median of half a second of runs, by events, the L2 cache emptied."""
    from triton.testing import do_bench

    return do_bench(run, rep=500, return_mode='median') * 1e-3


def _compile_first() -> None:
    from multimodal_rs.ops import selective_scan

    small = torch.randn(1, 1, 1, requires_grad=True)
    A = torch.randn(1, 16, requires_grad=True)
    b = torch.randn(1, 1, 16, 1)
    one = torch.ones(1)
    selective_scan(small, small, A, b, b, one, one).sum().backward()


def _status(key: str) -> int:
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f'no {key} in /proc/self/status')


def _peak_memory_apart(side: str, threads: int) -> int:
    """Measure in a process of its own: a peak never goes down."""
    command = [sys.executable, '-W', 'ignore', os.path.abspath(__file__)]
    options = ['--memory-of', side, '--threads', str(threads)]
    done = subprocess.run(
        [*command, *options], check=True, capture_output=True, text=True
    )
    return int(done.stdout.split()[-1])


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--device', default='cpu', choices=list(TARGETS))
    parser.add_argument(
        '--rows', nargs='+', metavar='ROW', help='all of the device by default'
    )
    parser.add_argument('--threads', type=int, default=2, help='of the CPU')
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/benchmarks')
    )
    parser.add_argument(
        '--again', action='store_true', help='also rows in the CSV'
    )
    parser.add_argument(
        '--memory-of', choices=['loop', 'ours'], help='used by the tool itself'
    )
    args = parser.parse_args(arguments)
    known = list(TARGETS[args.device])
    args.rows = args.rows or known
    unknown = [n for n in args.rows if n not in known]
    if unknown:
        parser.error(
            f'--rows: no {" ".join(unknown)} on {args.device}, expected '
            f'some of {" ".join(known)}'
        )
    return args


if __name__ == '__main__':
    sys.exit(main())
