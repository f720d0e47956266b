"""Preparation of C2Seg-BW, as scenes or as patches.

Scenes are usually in data/c2seg_bw, patches in data/c2seg_bw_challenge.
What is in the folder tells the release: patches if it has a folder train.

Scenes: put the folder data2 of the download, or what is in it, into
data/c2seg_bw. Both cities are cut into tiles of 256x256 below tiles. What is
left at the right and at the bottom is not used. An interrupted run goes on
where it stopped; a second one changes nothing. Afterwards the .mat files may
be removed. Reading them needs h5py.

``--config c2seg_bw_hsi.py`` cuts the hyperspectral images, too. Their pixels
of 30 m are repeated three times along each side, from the upper left corner
on: that is how others read them, and the files say nothing about where they
lie. Tiles of them are compressed.

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
    Beijing only, 8:2 at random, training and validation: REF-Net's way, with
    tiles that do not overlap.

Patches of the challenge: unpack C2Seg_BW.zip, and in its folder train the
further .zip files, so that there are data/c2seg_bw_challenge/train/msi/1.tiff
and so on. Nothing is cut; one split is written:

random-82-seed<seed>
    The patches of the train part, 8:2 at random, training and validation; the
    test part has no labels. REF-Net reports its scores on such a validation
    part; its lists, train_80 and val_80, are not published. Patches are
    reported to overlap by half: about 99 of 100 validation pixels are then in
    a training patch too. Take it to compare with REF-Net, and the scenes to
    learn how good a network is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from multimodal_rs.data_prep.prepare import prepare
from multimodal_rs.data_prep.repeated import RepeatedLayer
from multimodal_rs.data_prep.scenes import FOLDER, Scene, SceneLayer, scene_of
from multimodal_rs.data_prep.splits import Split, hold_out, natural_sort
from multimodal_rs.datasets.io.arrays import array_names
from multimodal_rs.utils.command_line import run

CITIES = ('beijing', 'wuhan')
# Layer -> what follows the city in the name of its file.
FILES = dict(msi='.mat', sar='.mat', label='_label.mat')


def make_splits(tiles: Sequence[str], seed: int) -> dict[str, Split]:
    """Make the three splits of scenes, or the one of patches."""
    if not any('/' in tile for tile in tiles):
        return {f'random-82-seed{seed}': random_82(tiles, seed)}
    beijing = natural_sort(t for t in tiles if scene_of(t) == CITIES[0])
    return {
        **cross_city(tiles, *CITIES),
        f'beijing-82-seed{seed}': random_82(beijing, seed),
    }


def cross_city(
    tiles: Sequence[str], known: str, unknown: str
) -> dict[str, Split]:
    """Train on one city and test on another.

    Returns:
        ``official``, and ``cross-city`` with the last fifth of the city that
        is known for validation.
    """
    train, test = (
        natural_sort(tile for tile in tiles if scene_of(tile) == city)
        for city in (known, unknown)
    )
    kept = len(train) - len(train) // 5
    return {
        'official': dict(train=train, test=test),
        'cross-city': dict(train=train[:kept], val=train[kept:], test=test),
    }


def random_82(tiles: Sequence[str], seed: int) -> Split:
    """Divide 8:2 at random, into training and validation."""
    train, val = hold_out(tiles, len(tiles) // 5, seed)
    return dict(train=train, val=val)


def city_of(tile: str) -> str:
    """Get the city of a tile; patches that have labels are of Beijing."""
    return scene_of(tile) if '/' in tile else 'beijing'


def config_of(data_root: Path) -> str:
    """Name the config of the release that is in a folder.

    Raises:
        ValueError: If both are.
    """
    if not (data_root / 'train').is_dir():
        return 'c2seg_bw.py'
    scenes = [
        path.name
        for path in data_root.iterdir()
        if path.name in ('data2', FOLDER) or path.suffix == '.mat'
    ]
    if scenes:
        raise ValueError(
            f'{data_root} has the patches of the challenge (train) and '
            f'scenes ({sorted(scenes)}) of the same land: move one of them '
            'to a folder of its own'
        )
    return 'c2seg_bw_challenge.py'


def find_scenes(data_root: Path) -> list[Scene]:
    """List the cities whose files are in a folder.

    Raises:
        FileNotFoundError: If a city has images or labels only.
        ValueError: If a file is damaged, or it does not tell which of its
            variables is a layer.
    """
    return [
        replace(scene, layers=scene.layers | _hyperspectral(scene.layers))
        for scene in find_cities(data_root, 'data2', CITIES, FILES)
    ]


def _hyperspectral(layers: Mapping[str, SceneLayer]) -> dict[str, SceneLayer]:
    """Get the layer of 30 m, if there is one in the file of the others."""
    like = layers['msi']
    keys = [v for v in array_names(str(like.path)) if 'hsi' in v.lower()]
    if not keys:
        return {}
    return dict(hsi=RepeatedLayer(like.path, keys[0], like=like, factor=3))


def find_cities(
    data_root: Path,
    folder: str,
    cities: Sequence[str],
    files: Mapping[str, str],
) -> list[Scene]:
    """List the cities whose files are in a folder.

    Args:
        data_root: Folder of the dataset.
        folder: Folder of the download in it; it may be missing, and what is
            in it be in ``data_root``.
        cities: Names that files begin with.
        files: Layer -> what follows the city in the name of its file.

    Raises:
        FileNotFoundError: If a city has images or labels only.
        ValueError: If a file is damaged, or it does not tell which of its
            variables is a layer.
    """
    place = data_root / folder
    if not place.is_dir():
        place = data_root
    scenes = []
    for city in cities:
        paths = {name: place / f'{city}{end}' for name, end in files.items()}
        there = [path for path in paths.values() if path.is_file()]
        if there:
            layers = {name: _layer(path, name) for name, path in paths.items()}
            scenes.append(Scene(city, layers))
    return scenes


def _layer(path: Path, name: str) -> SceneLayer:
    """Find the variable of a layer.

    The authors' code reads HSI, MSI, SAR and label. A ``label`` beside the
    images of Beijing or Wuhan has other numbers and is not taken: the labels
    have a file of their own.
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
    return SceneLayer(path, found[0], is_label=name == 'label')


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare`."""
    return prepare(
        __doc__,
        config_of,
        make_splits,
        city_of,
        find_scenes,
        arguments=arguments,
    )


if __name__ == '__main__':
    run(main)
