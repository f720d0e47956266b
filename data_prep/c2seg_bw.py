#!/usr/bin/env python3
"""Prepare C2Seg-BW.

    python data_prep/c2seg_bw.py data/c2seg_bw [--check] [--seed 0]

Put the folder data2 of the download, or what is in it, into data/c2seg_bw.
Both cities are cut into tiles of 256x256 below tiles. What is left at the
right and at the bottom is not used. An interrupted run goes on where it
stopped; a second one changes nothing. Afterwards the .mat files may be
removed. Reading them needs h5py.

Three splits are written below splits:

official
    Training on all of Beijing, testing on all of Wuhan. There is no
    validation part.

cross-city
    The same, with a validation part: the last fifth of Beijing's tiles from
    top to bottom, one block, so that it touches the training tiles along one
    line only. It is of the city that was trained on: how well a network does
    in another city is for the test to say.

beijing-82-seed<seed>
    Beijing only, 8:2 at random, training and validation. REF-Net's lists seem
    to have been made like that (they are not published); it reports its
    scores on the validation part.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from data_prep.common import main
from data_prep.scenes import Layer, Scene, scene_of
from data_prep.splits import Split, hold_out, natural_sort
from multimodal_rs.datasets.io.arrays import array_names

CITIES = ('beijing', 'wuhan')
# Layer -> what follows the city in the name of its file.
FILES = dict(msi='.mat', sar='.mat', label='_label.mat')


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the three splits."""
    beijing, wuhan = (
        natural_sort(tile for tile in tiles if scene_of(tile) == city)
        for city in CITIES
    )
    fifth = len(beijing) // 5
    kept = len(beijing) - fifth
    train, val = hold_out(beijing, fifth, seed)
    return {
        'official': dict(train=beijing, test=wuhan),
        'cross-city': dict(
            train=beijing[:kept], val=beijing[kept:], test=wuhan
        ),
        f'beijing-82-seed{seed}': dict(train=train, val=val),
    }


def find_scenes(data_root: Path) -> list[Scene]:
    """List the cities whose files are in a folder.

    Raises:
        FileNotFoundError: If a city has images or labels only.
        ValueError: If a file is damaged, or it does not tell which of its
            variables is a layer.
    """
    folder = data_root / 'data2'
    if not folder.is_dir():
        folder = data_root
    scenes = []
    for city in CITIES:
        paths = {name: folder / f'{city}{end}' for name, end in FILES.items()}
        there = [path for path in paths.values() if path.is_file()]
        if there:
            layers = {name: _layer(path, name) for name, path in paths.items()}
            scenes.append(Scene(city, layers))
    return scenes


def _layer(path: Path, name: str) -> Layer:
    """Find the variable of a layer.

    How the variables are called in the files of Beijing and Wuhan is not
    documented; the other half of C2Seg has HSI, MSI, SAR and label.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f'{path} does not exist: a city needs its images and its labels; '
            'download it'
        )
    variables = array_names(str(path))
    found = [v for v in variables if name in v.lower()]
    if name == 'label' and len(variables) == 1:
        found = variables
    if len(found) != 1:
        raise ValueError(
            f'{path}: expected one variable with {name!r} in its name, got '
            f'{found} of the variables {variables}: see whether the file is '
            'the right one, or rename the variable'
        )
    return Layer(path, found[0], is_label=name == 'label')


if __name__ == '__main__':
    sys.exit(
        main(
            __doc__,
            'c2seg_bw.py',
            make_splits,
            scene_of,
            find_scenes=find_scenes,
        )
    )
