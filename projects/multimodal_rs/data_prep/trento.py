"""Preparation of Trento, usually in data/trento.

Put one of these forms there:

- hyper_Italy.tif, LiDAR_Italy.tif, TNsecSUBS_Train.mat and TNsecSUBS_Test.mat,
  with variables of these names, or HSI.mat, LiDAR.mat, TRLabel.mat and
  TSLabel.mat likewise. If the raster for the test holds all labels, those of
  training are taken out of it;
- Italy_hsi.mat, Italy_lidar.mat (variable data) and allgrd.mat (mask_test),
  or HSI_Trento.mat, Lidar1_Trento.mat (in some copies Lidar_Trento.mat) and
  GT_Trento.mat: labels without a split. For them take
  `--config trento_blocks.py`: training and test pixels lie in different
  blocks of 24 x 24 pixels.

Copies whose LiDAR is one raster are read with `--config trento_lidar1.py`, or
`--config trento_blocks_lidar1.py`.

Written are the images as GeoTIFF, label rasters, split lists, and what is
measured of the training pixels (stats.json). A tenth of the training pixels
of each class, those at one end of them, is held out for validation. A second
run changes nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from multimodal_rs.data_prep.scene_files import (
    RasterOfLabels,
    RestOfLabels,
    SceneForm,
    locate,
)
from multimodal_rs.data_prep.scene_rasters import Variable
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run

# Of copies that others have, from rs-fusion-datasets 1.0.0.
# fmt: off
CHECKSUMS = {
    'allgrd.mat':
        '7e3fb2a2ea22c2661dfc768db3cb93c9643b324e7e64fadedfa57f5edbf1818f',
    'Italy_hsi.mat':
        '7b965fd405314b5c91451042e547a1923be6f5a38c6da83969032cff79729280',
    'Italy_lidar.mat':
        'a04dc90368d6a7b4f9d3936024ba9fef4105456c090daa14fff31b8b79e94ab1',
}
# fmt: on


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""

    def variable(file: str, name: str | None = None) -> Variable:
        return Variable(locate(data_root, file), name)

    return [
        _divided_form(
            dict(
                hsi=variable('hyper_Italy.tif'),
                lidar=variable('LiDAR_Italy.tif'),
            ),
            variable('TNsecSUBS_Train.mat', 'TNsecSUBS_Train'),
            variable('TNsecSUBS_Test.mat', 'TNsecSUBS_Test'),
        ),
        _divided_form(
            dict(
                hsi=variable('HSI.mat', 'HSI'),
                lidar=variable('LiDAR.mat', 'LiDAR'),
            ),
            variable('TRLabel.mat', 'TRLabel'),
            variable('TSLabel.mat', 'TSLabel'),
        ),
        SceneForm(
            'Italy_hsi.mat, Italy_lidar.mat',
            dict(
                hsi=variable('Italy_hsi.mat', 'data'),
                lidar=variable('Italy_lidar.mat', 'data'),
            ),
            RasterOfLabels(variable('allgrd.mat', 'mask_test')),
            None,
            CHECKSUMS,
        ),
        *(
            SceneForm(
                f'HSI_Trento.mat, {lidar}_Trento.mat',
                dict(
                    hsi=variable('HSI_Trento.mat', 'hsi_trento'),
                    lidar=variable(
                        f'{lidar}_Trento.mat', f'{lidar.lower()}_trento'
                    ),
                ),
                RasterOfLabels(variable('GT_Trento.mat', 'gt_trento')),
                None,
            )
            for lidar in ('Lidar1', 'Lidar')
        ),
    ]


def _divided_form(
    layers: Mapping[str, Variable], train: Variable, test: Variable
) -> SceneForm:
    """Describe a form with the split of the literature."""
    trained = RasterOfLabels(train)
    rest = RestOfLabels(RasterOfLabels(test), trained)
    name = ', '.join(layer.path.name for layer in layers.values())
    return SceneForm(name, layers, trained, rest)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(__doc__, 'trento.py', 'trento', forms_of, arguments)


if __name__ == '__main__':
    run(main)
