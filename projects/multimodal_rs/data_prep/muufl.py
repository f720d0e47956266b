"""Preparation of MUUFL Gulfport, usually in data/muufl.

Put one of these forms there:

- muufl_gulfport_campus_1_hsi_220_label.mat;
- HSI.mat, LiDAR.mat and labels.mat with one variable in each;
- HSI.mat, LiDAR.mat, muufl_tr.mat (variable training_map) and muufl_ts.mat
  (testing_map). These two are a random draw of single pixels, whose
  neighbours are then in the test: they are joined, and the split is ours.

Written are the images as GeoTIFF, label rasters, split lists, and what is
measured of the training pixels (stats.json).

There is no official split. That of this project is called blocks: training
and test pixels lie in different blocks of 24 x 24 pixels, about a fifth of
each class is for training, and a tenth of that, at one end of it, for
validation. `--random 150` writes one as papers use it besides. A second run
changes nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.scene_files import (
    JoinedLabels,
    RasterOfLabels,
    SceneForm,
    locate,
)
from multimodal_rs.data_prep.scene_rasters import Field, Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run

FILE = 'muufl_gulfport_campus_1_hsi_220_label.mat'
# Of the copy that others have, from rs-fusion-datasets 1.0.0.
# fmt: off
CHECKSUMS = {
    FILE:
        '69420a72866dff4a858ae503e6e2981af46f406a4ad8f4dd642efa43feb59edc',
}
# fmt: on


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""

    def field(*names: str) -> Field:
        return Field(locate(data_root, FILE), ('hsi', *names))

    layers = dict(hsi=field('Data'), lidar=field('Lidar', 'z'))
    labels = RasterOfLabels(field('sceneLabels', 'labels'), none=-1)

    def variable(file: str, name: str) -> Variable:
        return Variable(locate(data_root, file), name)

    hsi, lidar = (variable(f'{name}.mat', name) for name in ('HSI', 'LiDAR'))
    truth = variable('labels.mat', 'labels')
    drawn = (
        variable('muufl_tr.mat', 'training_map'),
        variable('muufl_ts.mat', 'testing_map'),
    )
    return [
        SceneForm(FILE, layers, labels, None, CHECKSUMS),
        SceneForm(
            'HSI.mat, LiDAR.mat, labels.mat',
            dict(hsi=hsi, lidar=lidar),
            RasterOfLabels(truth, none=-1),
            None,
        ),
        SceneForm(
            'HSI.mat, LiDAR.mat, muufl_tr.mat, muufl_ts.mat',
            dict(hsi=hsi, lidar=lidar),
            JoinedLabels(*(RasterOfLabels(d, none=-1) for d in drawn)),
            None,
        ),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'muufl.py', 'muufl', forms_of, arguments)


if __name__ == '__main__':
    run(main)
