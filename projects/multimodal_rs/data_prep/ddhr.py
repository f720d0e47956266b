"""Preparation of a city of DDHR, for instance data/ddhr/dongying.

Which city it is has to be said: ``--config dongying.py``, ``pohang.py`` or
``xian.py``.

The authors publish no lists for Dongying: the split is random, 6:2:2, as in
the JoiTriNet paper. The ids do not tell scenes apart, so neighbours may stand
in train and test.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, random_split
from multimodal_rs.utils.command_line import run


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make ``random-622-seed<seed>``."""
    return {f'random-622-seed{seed}': random_split(tiles, seed)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(__doc__, None, make_splits, arguments=arguments)


if __name__ == '__main__':
    run(main)
