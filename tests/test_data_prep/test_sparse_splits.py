"""Divisions of labelled pixels: blocks, ends, a random choice."""

import numpy as np

from fake_data.hyperspectral import blocks_label
from multimodal_rs.data_prep.sparse_splits import (
    BLOCK,
    block_split,
    hold_out_end,
    random_pixels,
    touching,
)


def test_blocks_hold_whole_blocks_of_a_class() -> None:
    label = blocks_label()
    chosen = block_split(label, seed=0)
    for number in range(1, 6):
        own = label == number
        shares = [
            chosen[r : r + BLOCK, c : c + BLOCK][
                own[r : r + BLOCK, c : c + BLOCK]
            ].mean()
            for r in range(0, label.shape[0], BLOCK)
            for c in range(0, label.shape[1], BLOCK)
            if own[r : r + BLOCK, c : c + BLOCK].any()
        ]
        assert set(shares) == {0.0, 1.0}
    assert (block_split(label, seed=1) != chosen).any()
    assert not chosen[label == 0].any()


def test_held_out_are_one_end_of_each_class() -> None:
    label = np.zeros((6, 20), int)
    label[:, :10], label[0, 12] = 1, 2
    taken = hold_out_end(label)
    assert taken.sum() == 6 and taken[:, 9].all()  # a class of one keeps it


def test_random_pixels_leave_half_of_a_class() -> None:
    label = np.zeros((6, 20), int)
    label[:, :10], label[0, 10:15] = 1, 2
    chosen = random_pixels(label, 20, seed=3)
    assert np.bincount(label[chosen]).tolist() == [0, 20, 2]


def test_a_random_choice_touches_what_it_is_tested_on() -> None:
    label = blocks_label()
    shares = []
    for chosen in (block_split(label, 0), random_pixels(label, 300, 0)):
        train, test = np.where(chosen, label, 0), np.where(chosen, 0, label)
        shares.append(touching(train, test))
    assert shares[0] < 0.2 < 0.99 < shares[1]
