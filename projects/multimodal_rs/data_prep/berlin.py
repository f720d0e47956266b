"""Preparation of HS-SAR Berlin, usually in data/berlin.

Put one of these forms there:

- data_HS_LR.mat, data_SAR_HR.mat, TrainImage.mat and TestImage.mat, with
  variables of these names;
- berlin_hsi.mat, berlin_sar.mat, berlin_gt.mat and berlin_index.mat, in their
  folder Berlin or without it.

Written are the images as GeoTIFF, label rasters of the official split, split
lists, and what is measured of the training pixels (stats.json). A tenth of
the training pixels of each class, those at one end of them, is held out for
validation. The split is called official only if the labels have the official
numbers of pixels: 2820 for training, 461851 for testing. A second run changes
nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.scene_files import (
    IndexedLabels,
    LabelRaster,
    SceneForm,
    Variable,
)
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""
    return scene_forms(data_root, 'berlin')


def scene_forms(data_root: Path, scene: str) -> list[SceneForm]:
    """List the forms of Berlin, or of Augsburg, which are the same.

    Args:
        data_root: Folder of the dataset.
        scene: ``'berlin'`` or ``'augsburg'``.
    """

    def variable(name: str) -> Variable:
        return Variable(data_root / f'{name}.mat', name)

    layers = dict(hsi=variable('data_HS_LR'), sar=variable('data_SAR_HR'))
    surface = variable('data_DSM')
    if surface.path.is_file():
        layers['dsm'] = surface
    train, test = map(variable, ('TrainImage', 'TestImage'))
    return [
        SceneForm(
            'data_HS_LR.mat, data_SAR_HR.mat',
            layers,
            LabelRaster(train),
            LabelRaster(test),
        ),
        indexed_form(data_root, scene),
    ]


def indexed_form(data_root: Path, scene: str) -> SceneForm:
    """Describe the form with lists of rows and columns."""
    folder = data_root / scene.capitalize()
    folder = folder if folder.is_dir() else data_root

    def variable(file: str, name: str) -> Variable:
        return Variable(folder / f'{scene}_{file}.mat', f'{scene}_{name}')

    hsi, sar, truth = (variable(n, n) for n in ('hsi', 'sar', 'gt'))
    labels = [
        IndexedLabels(LabelRaster(truth), variable('index', part))
        for part in ('train', 'test')
    ]
    return SceneForm(
        f'{scene}_hsi.mat, {scene}_sar.mat', dict(hsi=hsi, sar=sar), *labels
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'berlin.py', 'berlin', forms_of, arguments)


if __name__ == '__main__':
    run(main)
