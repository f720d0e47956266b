"""Targets: what the rows of ``benchmarks/ops.py`` measure and should reach."""

from typing import NamedTuple


class Target(NamedTuple):
    """Of one row.

    Attributes:
        what: Is measured.
        floor: Must be reached.
        aim: Should be reached.
        less: Whether less is better: the ratio is ours over the bound. Else
            it is the baseline over ours.
    """

    what: str
    floor: float
    aim: float
    less: bool = False


CPU = {
    'C1': Target('scan, forward, N=16', 40, 60),
    'C2': Target('scan, forward + backward, N=16', 30, 60),
    'C3': Target('scan, forward, N=1', 8, 15),
    'C4': Target('ss2d, forward, N=16', 60, 90),
    'C5': Target('ss2d, forward + backward, N=16', 35, 60),
    'C6a': Target('ss2d, forward, N=1', 15, 25),
    'C6b': Target('ss2d, forward + backward, N=1', 7, 12),
    'C7': Target('VMamba-T v0, forward, batch 2', 35, 45),
    'C8': Target('VMamba-T v0, forward + backward, batch 1', 22, 32),
    'C9a': Target('VMamba-T s2l5, forward, batch 2', 3.3, 4.0),
    'C9b': Target('VMamba-T s2l5, forward + backward, batch 2', 3.0, 3.8),
    'C10a': Target('VMamba-T v0 / scan deleted, forward', 1.0, 0.8, True),
    'C10b': Target(
        'VMamba-T v0 / scan deleted, forward + backward', 1.35, 1.0, True
    ),
    'C11': Target('memory of scan, forward + backward, N=16', 25, 40),
    'C12a': Target('torch backend, scan, forward, N=16', 5, 7),
    'C12b': Target('torch backend, scan, forward + backward, N=16', 5, 8),
    'C13': Target('ss2d, forward, N=16, share of arithmetic bound', 0.45, 0.6),
}

# Paper estimates, to be set anew after the first run on a card.
GPU = {
    'G1a': Target('ss2d, forward, N=16, float32, batch 16', 1.3, 1.8),
    'G1b': Target('ss2d, forward, N=16, float32, batch 2', 1.3, 1.8),
    'G1c': Target('ss2d, forward, N=16, bfloat16, batch 16', 1.3, 1.8),
    'G2a': Target('ss2d, forward, N=1, bfloat16, batch 16', 2.5, 4),
    'G2b': Target('ss2d, forward, N=1, bfloat16, batch 2', 2.5, 4),
    'G3a': Target('ss2d, backward, N=16, float32, batch 16', 1.5, 2.5),
    'G3b': Target('ss2d, backward, N=16, float32, batch 2', 1.5, 2.5),
    'G3c': Target('ss2d, backward, N=16, bfloat16, batch 16', 1.5, 2.5),
    'G4a': Target('ss2d, backward, N=1, float32, batch 16', 2, 4),
    'G4b': Target('ss2d, backward, N=1, float32, batch 2', 2, 4),
    'G4c': Target('ss2d, backward, N=1, bfloat16, batch 16', 2, 4),
    'G5': Target(
        'ss2d, forward, N=16, float32, batch 16 / its bound', 3, 2, True
    ),
    'G6': Target('VMamba-T v0, training step, bfloat16, batch 16', 1.2, 1.5),
    'G7': Target('memory of a layer, forward, N=16, batch 16', 2, 3),
}

ALL = CPU | GPU
