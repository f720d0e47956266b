#!/usr/bin/env python3
"""Prepare a city of DDHR.

    python data_prep/ddhr.py data/ddhr/dongying \\
        --config configs/_base_/datasets/dongying.py [--check] [--seed 0]

The authors publish no lists for Dongying: the split is random, 6:2:2, as in
the JoiTriNet paper. The ids do not tell scenes apart, so neighbours may stand
in train and test.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data_prep.common import main
from data_prep.splits import Split, random_split


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make ``random-622-seed<seed>``."""
    return {f'random-622-seed{seed}': random_split(tiles, seed)}


if __name__ == '__main__':
    sys.exit(main(__doc__, None, make_splits))
