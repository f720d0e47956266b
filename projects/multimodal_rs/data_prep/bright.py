"""Preparation of BRIGHT, usually in data/bright.

Put the folders pre-event, post-event and target there, or the folders train
and val of the Data Fusion Contest 2025, which have these three each. One
split is written below splits:

events
    Whole events, so that the scores are those of a disaster that the network
    has not seen: noto-earthquake and marshall-wildfire for testing, as in the
    contest, morocco-earthquake and libya-flood for validation (the choice is
    ours), the others for training. Two events are few: scores vary with them.

The authors' lists are read as they are: those of the standard split (2918,
450 and 878 tiles, all events in all parts) with the config bright_standard.py
and in splits/standard_ML, those of the contest with bright_dfc25_whole.py and
in splits/dfc25, or, in its own layout, where they lie in the folder itself,
with bright_dfc25.py.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, scene_split
from multimodal_rs.datasets.bright import event_of
from multimodal_rs.utils.command_line import run

VAL_EVENTS = ('morocco-earthquake', 'libya-flood')
TEST_EVENTS = ('noto-earthquake', 'marshall-wildfire')


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Divide by event; there is nothing random in it."""
    split = scene_split(tiles, event_of, VAL_EVENTS, TEST_EVENTS)
    return {'events': split}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__, 'bright.py', make_splits, event_of, arguments=arguments
    )


if __name__ == '__main__':
    run(main)
