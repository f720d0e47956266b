"""Divisions of the labelled pixels of a scene."""

import hashlib
from collections.abc import Sequence

import numpy as np
from scipy import ndimage

HELD_OUT = 0.1  # of the training pixels of each class, for validation
SHARE = 0.2  # of the labelled pixels of each class, in training blocks
BLOCK = 24  # pixels; windows of 11 reach 5 over the edge of a block


def hold_out_end(numbers: np.ndarray, share: float = HELD_OUT) -> np.ndarray:
    """Take a share of the pixels of each class, those farthest to the right.

    They are one end of the class's pixels: neighbours of what stays only
    along one line. A class with one pixel gives none.

    Args:
        numbers: (H, W), classes from 1, 0 without.
        share: Of the pixels of each class; at least one pixel is taken.

    Returns:
        (H, W) bool, what is taken.
    """
    taken = np.zeros(numbers.shape, bool)
    for number in np.unique(numbers[numbers > 0]):
        rows, columns = np.nonzero(numbers == number)
        order = np.lexsort((rows, columns))
        count = max(round(share * len(order)), 1)
        last = order[len(order) - count :] if len(order) > 1 else order[:0]
        taken[rows[last], columns[last]] = True
    return taken


def block_split(numbers: np.ndarray, seed: int) -> np.ndarray:
    """Choose training pixels by blocks, class by class.

    Args:
        numbers: (H, W), classes from 1, 0 without.
        seed: Of the order in which the blocks of a class are taken, until
            they hold a fifth of its pixels; never all blocks, if it has
            several.

    Returns:
        (H, W) bool, what is trained on.
    """
    rows, columns = np.indices(numbers.shape) // BLOCK
    blocks = rows * (columns.max(initial=0) + 1) + columns
    chosen = np.zeros(numbers.shape, bool)
    for number in np.unique(numbers[numbers > 0]).tolist():
        own = numbers == number
        found, counts = np.unique(blocks[own], return_counts=True)
        order = _shuffled(found.tolist(), f'{seed} {number}')
        counted = dict(zip(found.tolist(), counts.tolist(), strict=True))
        wanted, taken = SHARE * own.sum(), []
        for block in order[: max(len(order) - 1, 1)]:
            if sum(counted[b] for b in taken) >= wanted:
                break
            taken.append(block)
        chosen |= own & np.isin(blocks, taken)
    return chosen


def random_pixels(numbers: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose training pixels at random, the same number of each class.

    Neighbours of test pixels are then in the training: scores on such a
    split say little about land that a network has not seen.

    Args:
        numbers: (H, W), classes from 1, 0 without.
        count: Of each class; at most half of its pixels.
        seed: Of the choice.

    Returns:
        (H, W) bool, what is trained on.
    """
    chosen = np.zeros(numbers.size, bool)
    for number in np.unique(numbers[numbers > 0]).tolist():
        places = np.flatnonzero(numbers == number).tolist()
        order = _shuffled(places, f'{seed} {number}')
        chosen[order[: min(count, len(order) // 2)]] = True
    return chosen.reshape(numbers.shape)


def touching(train: np.ndarray, test: np.ndarray) -> float:
    """Compute the share of training pixels that have a test pixel beside them.

    Of a random choice of pixels it is close to 1: networks have then seen the
    surroundings of what they are tested on.

    Args:
        train: (H, W), labelled where not 0.
        test: Likewise.
    """
    beside = ndimage.binary_dilation(test > 0, np.ones((3, 3)))
    trained = train > 0
    return float((beside & trained).sum() / max(trained.sum(), 1))


def _shuffled(numbers: Sequence[int], salt: str) -> list[int]:
    """Shuffle by a hash, the same on every machine."""

    def key(number: int) -> bytes:
        return hashlib.sha256(f'{salt} {number}'.encode()).digest()

    return sorted(numbers, key=key)
