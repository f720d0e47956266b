#!/usr/bin/env python3
"""Measure the selective scans against loops in plain torch, side by side.

    python tools/benchmark_ops.py [--rows C1 C5 ...] [--threads 2]

Prints one row per comparison and writes ``scan.csv`` and ``scan.png`` to the
output folder. Both sides of a row run in one process, turn by turn; the
ratio is of CPU times (user and system, all threads), which a busy machine
disturbs less than wall times. A row that is in the CSV already is kept
(``--again`` measures all anew). The whole table takes some ten minutes on two
cores and, for the baselines, 8 GB of memory.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from _bootstrap import add_source_path
from _timing import Time, measure

add_source_path()

import torch

from multimodal_rs.utils.files import atomic_path

# Row -> what, floor, aim. A ratio baseline / ours, except where it says so.
TARGETS = {
    'C1': ('scan, forward, N=16', 40, 60),
    'C2': ('scan, forward + backward, N=16', 30, 60),
    'C3': ('scan, forward, N=1', 8, 15),
    'C4': ('ss2d, forward, N=16', 60, 90),
    'C5': ('ss2d, forward + backward, N=16', 35, 60),
    'C6a': ('ss2d, forward, N=1', 15, 25),
    'C6b': ('ss2d, forward + backward, N=1', 7, 12),
    'C7': ('VMamba-T v0, forward, batch 2', 35, 45),
    'C8': ('VMamba-T v0, forward + backward, batch 1', 22, 32),
    'C9a': ('VMamba-T s2l5, forward, batch 2', 3.3, 4.0),
    'C9b': ('VMamba-T s2l5, forward + backward, batch 2', 3.0, 3.8),
    'C10a': ('VMamba-T v0 / scan deleted, forward', 1.0, 0.8),
    'C10b': ('VMamba-T v0 / scan deleted, forward + backward', 1.35, 1.0),
    'C11': ('memory of scan, forward + backward, N=16', 25, 40),
    'C12a': ('torch backend, scan, forward, N=16', 5, 7),
    'C12b': ('torch backend, scan, forward + backward, N=16', 5, 8),
    'C13': ('ss2d, forward, N=16, share of arithmetic bound', 0.45, 0.6),
}
HEADER = (
    *('row', 'what', 'baseline_cpu_s', 'ours_cpu_s', 'ours_wall_s'),
    *('ratio', 'floor', 'aim', 'threads'),
)
LESS_IS_BETTER = ('C10a', 'C10b')


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is missing.

    Args:
        arguments: Command line, for tests.

    Returns:
        Exit code: 1 if a row misses its floor.
    """
    args = _parse(arguments)
    torch.set_num_threads(args.threads)
    if args.memory_of:
        print(peak_memory(args.memory_of))
        return 0
    table = args.out / 'scan.csv'
    rows = {} if args.again else _read(table)
    for name in args.rows:
        if name not in rows:
            print(f'{name}: {TARGETS[name][0]} ...', end=' ', flush=True)
            rows[name] = measure_row(name, args.threads)
            _write(table, rows)
            print(f'{float(rows[name]["ratio"]):.3g}', flush=True)
    print(as_text(rows))
    plot(rows, args.out / 'scan.png')
    missed = [n for n in args.rows if not _reaches(rows[n], 'floor')]
    if missed:
        print(f'below the floor: {", ".join(missed)}')
    return int(bool(missed))


def measure_row(name: str, threads: int) -> dict:
    """Measure one row of :data:`TARGETS`."""
    what, floor, aim = TARGETS[name]
    wall = None
    if name == 'C11':
        baseline, ours = (
            _peak_memory_apart(side, threads) for side in ('loop', 'ours')
        )
        ratio = baseline / ours
    else:
        baseline, (ours, wall) = _times(name)
        ratio = baseline / ours
        if name in LESS_IS_BETTER:
            ratio = ours / baseline
    values = (name, what, baseline, ours, wall, ratio, floor, aim, threads)
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


def as_text(rows: dict[str, dict]) -> str:
    """Lay the rows out as a Markdown table."""
    lines = [
        '| row | what | ratio | floor | aim | ours, CPU (wall) |',
        '|---|---|---|---|---|---|',
    ]
    for name in TARGETS:
        if name not in rows:
            continue
        row = rows[name]
        wall = row['ours_wall_s']
        if wall in (None, ''):
            cost = f'{float(row["ours_cpu_s"]) / 2**20:.0f} MiB'
        else:
            cost = (
                f'{float(row["ours_cpu_s"]) * 1e3:.1f} '
                f'({float(wall) * 1e3:.1f}) ms'
            )
        lines.append(
            f'| {name} | {row["what"]} | {float(row["ratio"]):.3g} | '
            f'{row["floor"]} | {row["aim"]} | {cost} |'
        )
    return '\n'.join(lines)


def plot(rows: dict[str, dict], target: Path) -> None:
    """Draw each ratio over its aim."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    names = [n for n in TARGETS if n in rows]
    shares = [_share(rows[n], 'aim') for n in names]
    floors = [_share(rows[n], 'aim', 'floor') for n in names]
    figure, axis = pyplot.subplots(figsize=(9, 0.4 * len(names) + 1.2))
    axis.barh(names, shares, color='#4c78a8', label='measured')
    axis.plot(floors, names, 'k|', markersize=14, label='floor')
    axis.axvline(1, color='#e45756', label='aim')
    for name, share in zip(names, shares, strict=True):
        axis.annotate(
            f' {float(rows[name]["ratio"]):.3g}, {rows[name]["what"]}',
            (share, name),
            va='center',
            fontsize=7,
        )
    axis.invert_yaxis()
    axis.set_xlim(0, 1.9 * max(shares))
    axis.set_xlabel('share of the aim')
    axis.legend(loc='lower right', fontsize=7)
    figure.tight_layout()
    with atomic_path(target) as path:
        figure.savefig(path, dpi=120)
    pyplot.close(figure)


def _times(name: str) -> tuple[float, Time]:
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
        'C10a': lambda: scans.model_comparison('tiny-v0', 2, False, True),
        'C10b': lambda: scans.model_comparison('tiny-v0', 2, True, True),
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


def _share(row: dict, of: str, what: str = 'ratio') -> float:
    value, target = float(row[what]), float(row[of])
    return target / value if row['row'] in LESS_IS_BETTER else value / target


def _reaches(row: dict, target: str) -> bool:
    return _share(row, target) >= 1


def _read(path: Path) -> dict[str, dict]:
    if not path.exists():
        return {}
    with path.open(newline='') as file:
        return {row['row']: row for row in csv.DictReader(file)}


def _write(path: Path, rows: dict[str, dict]) -> None:
    with atomic_path(path) as temporary:
        with temporary.open('w', newline='') as file:
            writer = csv.DictWriter(file, HEADER)
            writer.writeheader()
            writer.writerows(rows[n] for n in TARGETS if n in rows)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--rows', nargs='+', default=list(TARGETS), choices=list(TARGETS)
    )
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/benchmark_ops')
    )
    parser.add_argument(
        '--again', action='store_true', help='also rows in the CSV'
    )
    parser.add_argument(
        '--memory-of', choices=['loop', 'ours'], help='used by the tool itself'
    )
    return parser.parse_args(arguments)


if __name__ == '__main__':
    sys.exit(main())
