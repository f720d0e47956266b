"""Splits of tiles into train, val and test, the same on every machine."""

import hashlib
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path

from multimodal_rs.utils.files import write_text

# Names of the lists -> tile ids.
Split = dict[str, list[str]]


def shuffled(tiles: Iterable[str], seed: int) -> list[str]:
    """Shuffle by a hash of seed and id.

    The order depends neither on the order of ``tiles`` nor on the version of
    a random number generator.
    """

    def key(tile: str) -> bytes:
        return hashlib.sha256(f'{seed} {tile}'.encode()).digest()

    return sorted(tiles, key=key)


def random_split(tiles: Sequence[str], seed: int) -> Split:
    """Divide 6:2:2 at random.

    Rounding: val and test get the fifth part rounded down, train the rest.
    6114 tiles become 3670, 1222 and 1222, and 7831 become 4699, 1566 and
    1566, the numbers of the JoiTriNet paper.

    Args:
        tiles: Different tile ids.
        seed: Another seed is another split.
    """
    order = shuffled(tiles, seed)
    fifth = len(order) // 5
    return dict(
        train=natural_sort(order[2 * fifth :]),
        val=natural_sort(order[:fifth]),
        test=natural_sort(order[fifth : 2 * fifth]),
    )


def hold_out(
    tiles: Sequence[str], count: int, seed: int
) -> tuple[list[str], list[str]]:
    """Take ``count`` tiles out at random.

    Returns:
        The tiles that stay and those that were taken.
    """
    order = shuffled(tiles, seed)
    return natural_sort(order[count:]), natural_sort(order[:count])


def scene_split(
    tiles: Iterable[str],
    scene_of: Callable[[str], str],
    val: Container[str],
    test: Container[str],
) -> Split:
    """Divide by scene, so that no scene is in two lists.

    Args:
        tiles: Tile ids.
        scene_of: Gives the scene of a tile.
        val: Scenes for validation.
        test: Scenes for testing; all others are for training.
    """
    split = dict(train=[], val=[], test=[])
    for tile in tiles:
        scene = scene_of(tile)
        part = 'test' if scene in test else 'val' if scene in val else 'train'
        split[part].append(tile)
    return {part: natural_sort(ids) for part, ids in split.items()}


def grouped_split(
    tiles: Sequence[str],
    group_of: Callable[[str], str],
    shares: Mapping[str, float],
    seed: int,
) -> Split:
    """Divide by groups, so that no group is in two lists.

    The largest groups come first, each to the list that lacks most of its
    share; groups of one size come in random order.

    Args:
        tiles: Different tile ids.
        group_of: Gives the group of a tile: its scene, its block of the map,
            or itself.
        shares: List -> its share of the tiles, in any unit.
        seed: Another seed is another split.

    Raises:
        ValueError: If there are fewer groups than lists.
    """
    groups: dict[str, list[str]] = {}
    for tile in tiles:
        groups.setdefault(group_of(tile), []).append(tile)
    if len(groups) < len(shares):
        names = natural_sort(groups)[:5]
        raise ValueError(
            f'{len(tiles)} tiles make {len(groups)} groups {names}, but '
            f'{list(shares)} need at least {len(shares)}: take smaller blocks '
            'of the map, or another --split'
        )
    order = shuffled(groups, seed)
    order.sort(key=lambda group: -len(groups[group]))
    unit = len(tiles) / sum(shares.values())
    split: Split = {name: [] for name in shares}
    for number, group in enumerate(order):
        empty = [name for name, part in split.items() if not part]
        # The last groups fill the lists that have nothing yet.
        open_ = empty if len(order) - number <= len(empty) else list(shares)
        name = max(open_, key=lambda n: shares[n] * unit - len(split[n]))
        split[name] += groups[group]
    return {name: natural_sort(part) for name, part in split.items()}


def natural_sort(tiles: Iterable[str]) -> list[str]:
    """Sort with numbers by value: ``p2`` before ``p10``."""

    def key(tile: str) -> list:
        # Text and digits alternate, so that like meets like.
        return [
            int(part) if part.isdigit() else part
            for part in re.split('([0-9]+)', tile)
        ]

    return sorted(tiles, key=key)


def write_split(folder: Path, split: Mapping[str, Sequence[str]]) -> None:
    """Write ``<folder>/<name>.txt`` for every list, see :func:`write_list`."""
    for name, tiles in split.items():
        write_list(folder / f'{name}.txt', tiles)


def write_list(path: Path, tiles: Sequence[str]) -> None:
    """Write a list, one tile per line.

    A file that already has this content is not touched; an empty list has
    none, and that of an earlier one is removed.
    """
    if not tiles:
        if path.is_file():
            path.unlink()
            print(f'{path}: no tile, removed')
        return
    text = ''.join(f'{tile}\n' for tile in tiles)
    same = path.is_file() and path.read_bytes() == text.encode()
    if not same:
        write_text(path, text)
    state = 'up to date' if same else 'written'
    print(f'{path}: {len(tiles)} tiles, {state}')
