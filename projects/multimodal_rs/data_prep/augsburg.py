"""Preparation of HS-SAR-DSM Augsburg, usually in data/augsburg.

Put one of these forms there:

- data_HS_LR.mat, data_SAR_HR.mat, TrainImage.mat and TestImage.mat, with
  variables of these names; data_DSM.mat for `--config augsburg_dsm.py`;
- augsburg_hsi.mat, augsburg_sar.mat, augsburg_gt.mat and augsburg_index.mat.

Written is the same as for Berlin. The official split has 761 pixels for
training and 77533 for testing. A second run changes nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from multimodal_rs.data_prep.berlin import scene_forms
from multimodal_rs.data_prep.scene_files import SceneForm
from multimodal_rs.data_prep.sparse_scenes import prepare_scene
from multimodal_rs.utils.command_line import run


def forms_of(data_root: Path) -> list[SceneForm]:
    """List the forms of the scene."""
    return scene_forms(data_root, 'augsburg')


def main(arguments: Sequence[str] | None = None) -> int:
    """Prepare or check a folder, see :func:`prepare_scene`."""
    return prepare_scene(
        __doc__, 'augsburg.py', 'augsburg', forms_of, arguments
    )


if __name__ == '__main__':
    run(main)
