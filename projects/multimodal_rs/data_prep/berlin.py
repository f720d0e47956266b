"""Preparation of HS-SAR Berlin, usually in data/berlin.

Put one of these forms there:

- data_HS_LR.mat, data_SAR_HR.mat, TrainImage.mat and TestImage.mat, with
  variables of these names;
- berlin_hsi.mat, berlin_sar.mat, berlin_gt.mat and berlin_index.mat.

In copies of the first form the hyperspectral image is on its own grid, 797 x
220 pixels of 30 m; it is then repeated to the 1723 x 476 of SAR and labels,
each pixel the nearest, and a remark says so.

They may lie in folders of their archives, as the package rs-fusion-datasets
leaves the second form when it has downloaded it.

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
    RasterOfLabels,
    SceneForm,
    locate,
)
from multimodal_rs.data_prep.scene_rasters import CoarseVariable, Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run

# Of copies that others have, from rs-fusion-datasets 1.0.0.
# fmt: off
CHECKSUMS = {
    'berlin_gt.mat':
        'dd9286cd565535857721627878de3cbebffa2dacc625b539474d16cba3a7343e',
    'berlin_hsi.mat':
        '580f397d9f249b4ec3f02b8cc570d910d765afa9f77b17d8a4f4799edee94b1f',
    'berlin_index.mat':
        '1a66ec454ea95bbf5782525d9fcf9a04412a948b7b3aa6919ed324516d42a8b5',
    'berlin_sar.mat':
        'a6cf2f86db7f1a02c340e813a7b46f9c6c58e297e1eb9b5fa19ed49244b2b8a7',
    'augsburg_gt.mat':
        '065df71257f06c075ff3b37327c0fba75cc9146015a0f095a093fd12b9eaacbe',
    'augsburg_hsi.mat':
        '2f13839d7840b32f55e0489d6934776dcfded7f678e23a9d8c2c092573946583',
    'augsburg_index.mat':
        '8bc57037447cb42dbf3a8478d42d4bc217a53a6a0b349c2d67db8c660bef2f43',
    'augsburg_sar.mat':
        'cd1dbfad2346f47e51d105b05e11aaefc872fe487a94bdc2913f4eaee3f8e82b',
}
# fmt: on


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
        return Variable(locate(data_root, f'{name}.mat'), name)

    sar = variable('data_SAR_HR')
    spectra = variable('data_HS_LR')
    spectra = CoarseVariable(spectra.path, spectra.key, like=sar)
    layers = dict(hsi=spectra, sar=sar)
    surface = variable('data_DSM')
    if surface.path.is_file():
        layers['dsm'] = surface
    train, test = map(variable, ('TrainImage', 'TestImage'))
    return [
        SceneForm(
            'data_HS_LR.mat, data_SAR_HR.mat',
            layers,
            RasterOfLabels(train),
            RasterOfLabels(test),
        ),
        indexed_form(data_root, scene),
    ]


def indexed_form(data_root: Path, scene: str) -> SceneForm:
    """Describe the form with lists of rows and columns."""

    def variable(file: str, name: str) -> Variable:
        path = locate(data_root, f'{scene}_{file}.mat')
        return Variable(path, f'{scene}_{name}')

    hsi, sar, truth = (variable(n, n) for n in ('hsi', 'sar', 'gt'))
    labels = [
        IndexedLabels(RasterOfLabels(truth), variable('index', part))
        for part in ('train', 'test')
    ]
    return SceneForm(
        f'{scene}_hsi.mat, {scene}_sar.mat',
        dict(hsi=hsi, sar=sar),
        *labels,
        CHECKSUMS,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'berlin.py', 'berlin', forms_of, arguments)


if __name__ == '__main__':
    run(main)
