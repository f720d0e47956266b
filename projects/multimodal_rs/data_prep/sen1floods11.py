"""Preparation of Sen1Floods11, usually in data/sen1floods11.

Put the folders data and splits of v1.1 there, so that there is
data/sen1floods11/data/flood_events/HandLabeled/S1Hand; of data the hand
labels are enough. One split is written below splits:

events
    Whole floods, so that the scores are those of floods that the network has
    not seen: 272 chips of India, Paraguay, Somalia, Sri-Lanka and USA for
    training, 83 of Ghana and Mekong for validation, 91 of Bolivia, Nigeria,
    Pakistan and Spain for testing. The choice is ours.

The official lists, in splits/flood_handlabeled, have chips of ten floods in
all three parts, and those of Bolivia in one of their own. They are read as
they are, with the configs sen1floods11_official.py and
sen1floods11_bolivia.py.
"""

from collections.abc import Sequence

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.splits import Split, scene_split
from multimodal_rs.datasets.sen1floods11 import event_of
from multimodal_rs.utils.command_line import run

VAL_EVENTS = ('Ghana', 'Mekong')  # 53 + 30 of 446 chips
TEST_EVENTS = ('Bolivia', 'Nigeria', 'Pakistan', 'Spain')  # 15 + 18 + 28 + 30


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Divide by flood; there is nothing random in it."""
    split = scene_split(tiles, event_of, VAL_EVENTS, TEST_EVENTS)
    return {'events': split}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__, 'sen1floods11.py', make_splits, event_of, arguments=arguments
    )


if __name__ == '__main__':
    run(main)
