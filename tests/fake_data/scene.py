"""A scene of an optical image and a label, as it is cut into tiles."""

from pathlib import Path

import numpy as np
from rasterio import Affine

from fake_data.files import write_tif
from multimodal_rs.data_prep.scenes import Scene, SceneLayer

ORIGIN = Affine(5, 0, 500000, 0, -5, 3400000)


def make_scene(root: Path, optical: np.ndarray, label: np.ndarray) -> Scene:
    write_tif(root / 'opt.tif', optical, 'EPSG:32649', ORIGIN)
    write_tif(root / 'lbl.tif', label)
    layers = dict(
        optical=SceneLayer(root / 'opt.tif'),
        lbl=SceneLayer(root / 'lbl.tif', is_label=True),
    )
    return Scene('NH49', layers)
