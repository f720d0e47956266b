"""Lists of scenes whose rasters are variables of MATLAB files."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from multimodal_rs.apis.scene_lists import (
    scenes_of_patterns,
    scenes_of_table,
)
from multimodal_rs.datasets.band_files import by_band
from multimodal_rs.datasets.io.raster import open_raster
from multimodal_rs.datasets.modality import build_modalities


def test_variables_are_named_behind_the_file(tmp_path: Path) -> None:
    for number, scene in enumerate(('berlin', 'trento')):
        layers = dict(HSI=np.full((2, 3, 4), number), GT=np.zeros((2, 3)))
        savemat(tmp_path / f'{scene}.mat', layers)
    found = scenes_of_patterns(dict(hsi=f'{tmp_path}/{{scene}}.mat:HSI'))
    assert [scene.name for scene in found] == ['berlin', 'trento']
    (tmp_path / 'scenes.csv').write_text(
        f'scene,hsi\nberlin,{tmp_path}/berlin.mat:HSI\n'
        f'trento,{tmp_path}/trento.mat:HSI\n'
    )
    assert scenes_of_table(tmp_path / 'scenes.csv') == found
    for number, scene in enumerate(found):
        with open_raster(scene.rasters['hsi']) as file:
            assert file.file_names == (str(tmp_path / f'{scene.name}.mat'),)
            assert file.bands == 4 and (file.read() == number).all()
    with pytest.raises(KeyError, match=r"\['HSI', 'GT'\], not 'hsi'"):
        open_raster(f'{tmp_path}/trento.mat:hsi')
    with pytest.raises(FileNotFoundError, match='nowhere.mat:HSI'):
        open_raster(f'{tmp_path}/nowhere.mat:HSI')


@pytest.mark.parametrize(
    'name',
    [
        *('s2.mat:{}', 'NETCDF:B3_and_more.nc:{}', 'NETCDF:"a/b.nc":{}'),
        *('HDF5:"s2.h5"://grid/{}', 'at_10:20_{}.tif'),
    ],
)
def test_bands_are_variables_of_a_file(name: str) -> None:
    modality = build_modalities(
        dict(opt=dict(bands=['B4'], file_bands=['B2', 'B3', 'B4']))
    )['opt']
    paths = [Path(name.format(band)) for band in ('B03', 'B04', 'B02')]
    assert by_band(modality, paths) == [paths[2], *paths[:2]]
