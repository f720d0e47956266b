"""Preparation of Houston2013, usually in data/houston2013.

Put one of these forms there:

- the files of 2013_DFTC.zip, and 2013_IEEE_GRSS_DF_Contest_Samples_VA.txt,
  which the zip holds as regions of ENVI only: export them as text;
- HSI.mat, LiDAR.mat, TRLabel.mat and TSLabel.mat, with variables of these
  names;
- data_HS_HR.mat or data_HS_LR.mat, data_DSM.mat or data_DSM_HR.mat,
  TrainImage.mat and TestImage.mat, likewise;
- HSI.mat, DSM.mat, TR.mat and TE.mat, one variable in each, where -1 may be
  no class.

They may lie in folders of their archives, as the package rs-fusion-datasets
leaves them when it has downloaded them.

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
    RasterOfLabels,
    RegionText,
    SceneForm,
    locate,
)
from multimodal_rs.data_prep.scene_rasters import Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run

SCENE = 'houston2013'
OFFICIAL = '2013_IEEE_GRSS_DF_Contest'
FILES = ('CASI.tif', 'LiDAR.tif', 'Samples_TR.txt', 'Samples_VA.txt')
# Of copies that others have, from rs-fusion-datasets 1.0.0.
# fmt: off
CHECKSUMS = {
    f'{OFFICIAL}_CASI.tif':
        '1440f38594e8e82cc1944c084fc138ef55a70af54122828e999c4fb438574c14',
    f'{OFFICIAL}_LiDAR.tif':
        '9f4facce8876ee84642d9cb03536baf0389506de97ddc01b73366fe4521de981',
    f'{OFFICIAL}_Samples_TR.txt':
        '16c69cf216535d7b4df2045b05d49c50a078609aa6d011a5e23e54f4cd08abda',
    f'{OFFICIAL}_Samples_VA.txt':
        '768bb02193d04c8020b45f1f31a49926a5b914040f77f71a81df756d6e8b8dcb',
    'HSI.mat':
        '6a0edba3c224df411623ed5774fc34e91929ab341709859b2f56cc38dbb3c6fd',
    'LiDAR.mat':
        '7aa956e7c371fd29a495f0cb9bb8f572aaa4065fcfeda2b3e854a5cef74b35ad',
    'TRLabel.mat':
        '96ce863eaf4dc548c3140a480dee33c812d46194ae5ed345fed6e71a3d72b527',
    'TSLabel.mat':
        '46bd849d556c80ed67b33f23dd288eafa7ac9f97a847390be373b702b0bf5a45',
}
# fmt: on


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""
    return [official_form(data_root), *matlab_forms(data_root)]


def official_form(data_root: Path) -> SceneForm:
    """Describe the files of the contest."""
    casi, lidar, train, test = (
        locate(data_root, f'{OFFICIAL}_{name}') for name in FILES
    )
    return SceneForm(
        'files of the contest',
        dict(hsi=Variable(casi), lidar=Variable(lidar)),
        RegionText(train),
        RegionText(test),
        CHECKSUMS,
    )


def matlab_forms(data_root: Path) -> list[SceneForm]:
    """Describe the forms in MATLAB files, one variable in each."""
    return [
        matlab_form(data_root, 'HSI', 'LiDAR', 'TRLabel', 'TSLabel'),
        *(
            matlab_form(data_root, hsi, dsm, 'TrainImage', 'TestImage')
            for hsi in ('data_HS_HR', 'data_HS_LR')
            for dsm in ('data_DSM', 'data_DSM_HR')
        ),
        matlab_form(data_root, 'HSI', 'DSM', 'TR', 'TE', none=-1),
    ]


def matlab_form(
    data_root: Path,
    hsi: str,
    lidar: str,
    train: str,
    test: str,
    none: int | None = None,
) -> SceneForm:
    """Describe a form whose files are called like their variables."""
    hsi, lidar, train, test = (
        Variable(locate(data_root, f'{name}.mat'), name)
        for name in (hsi, lidar, train, test)
    )
    return SceneForm(
        f'{hsi.path.name}, {lidar.path.name}',
        dict(hsi=hsi, lidar=lidar),
        RasterOfLabels(train, none),
        RasterOfLabels(test, none),
        CHECKSUMS,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'houston2013.py', SCENE, forms_of, arguments)


if __name__ == '__main__':
    run(main)
