#!/usr/bin/env python3
"""Benchmark of a training step against itself on scans that are loops.

    python benchmarks/training_step.py CONFIG [--turns 2] [--threads 2]

The step of ``tools/analysis_tools/benchmark.py``, on a CPU, in turns with one
whose scans are what public implementations fall back to: all sequences written
out, and a loop over time in plain torch (that takes steps by ``unbind``, so
that its backward pass is not quadratic in the length). Slow.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / 'tools'
sys.path += [str(TOOLS), str(TOOLS / 'analysis_tools')]

from _bootstrap import add_source_path

add_source_path()

import torch

from _scan_baselines import loops_ss2d, network_with
from _timing import measure
from benchmark import add_arguments, network_steps


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the seconds of both.

    Args:
        arguments: Command line, for tests.
    """
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    parser.add_argument('--turns', type=int, default=1)
    args = parser.parse_args(arguments)
    model, step, _ = network_steps(args, 'cpu')
    step()  # compiles kernels, allocates gradients
    print(compare_with_loops(step, model, args.turns))


def compare_with_loops(
    step: Callable[[], None], model: torch.nn.Module, turns: int
) -> str:
    """Take turns with the same step whose scans are loops.

    Returns:
        The seconds of both, and the median ratio of a turn.
    """
    ours, theirs = [], []
    for _ in range(turns):
        ours.append(measure(step, 1))
        with network_with(loops_ss2d, model):
            theirs.append(measure(step, 1))
    lines = []
    for clock in ('wall', 'cpu'):
        pairs = [
            (getattr(a, clock), getattr(b, clock))
            for a, b in zip(ours, theirs, strict=True)
        ]
        ratio = statistics.median(b / a for a, b in pairs)
        seconds = ', '.join(f'{b:.2f} s to {a:.2f} s' for a, b in pairs)
        lines.append(f'  scans as loops, {clock} time: {seconds}, {ratio:.2f}')
    return '\n'.join(lines)


if __name__ == '__main__':
    main()
