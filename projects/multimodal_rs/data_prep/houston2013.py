"""Preparation of Houston2013, usually in data/houston2013.

Put one of these forms there:

- the files of 2013_DFTC.zip, in their folder 2013_DFTC or without it, and
  2013_IEEE_GRSS_DF_Contest_Samples_VA.txt, which the zip holds as regions of
  ENVI only: export them as text;
- HSI.mat, LiDAR.mat, TRLabel.mat and TSLabel.mat, with variables of these
  names;
- data_HS_HR.mat or data_HS_LR.mat, data_DSM.mat, TrainImage.mat and
  TestImage.mat, likewise.

Written are the images as GeoTIFF, label rasters of the official split, split
lists, and what is measured of the training pixels (stats.json). A tenth of
the training pixels of each class, those at one end of them, is held out for
validation. The split is called official only if the labels have the official
numbers of pixels: 2832 for training, 12197 for testing. A second run changes
nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.scene_files import (
    LabelRaster,
    RegionText,
    SceneForm,
    Variable,
)
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run

SCENE = 'houston2013'
OFFICIAL = '2013_IEEE_GRSS_DF_Contest'
FILES = ('CASI.tif', 'LiDAR.tif', 'Samples_TR.txt', 'Samples_VA.txt')


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""
    return [official_form(data_root), *matlab_forms(data_root)]


def official_form(data_root: Path) -> SceneForm:
    """Describe the files of the contest."""
    folder = data_root / '2013_DFTC'
    base = (folder if folder.is_dir() else data_root) / OFFICIAL
    files = {n: base.with_name(f'{base.name}_{n}') for n in FILES}
    casi, lidar, train, test = files.values()
    layers = dict(hsi=Variable(casi), lidar=Variable(lidar))
    return SceneForm(
        'files of the contest', layers, RegionText(train), RegionText(test)
    )


def matlab_forms(data_root: Path) -> list[SceneForm]:
    """Describe the forms in MATLAB files, one variable in each."""
    return [
        matlab_form(data_root, 'HSI', 'LiDAR', 'TRLabel', 'TSLabel'),
        *(
            matlab_form(data_root, hsi, 'data_DSM', 'TrainImage', 'TestImage')
            for hsi in ('data_HS_HR', 'data_HS_LR')
        ),
    ]


def matlab_form(
    data_root: Path, hsi: str, lidar: str, train: str, test: str
) -> SceneForm:
    """Describe a form whose files are called like their variables."""
    hsi, lidar, train, test = (
        Variable(data_root / f'{name}.mat', name)
        for name in (hsi, lidar, train, test)
    )
    return SceneForm(
        f'{hsi.path.name}, {lidar.path.name}',
        dict(hsi=hsi, lidar=lidar),
        LabelRaster(train),
        LabelRaster(test),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'houston2013.py', SCENE, forms_of, arguments)


if __name__ == '__main__':
    run(main)
